// The PS/2 keyboard, polled. Needs the kernel lock.

#ifndef JOS_KERN_KBD_H
#define JOS_KERN_KBD_H

// Return the character of the next key pressed, 0 if there is none.
int kbd_getc(void);

#endif
