// Recording what comes into the kernel and leaves it.

#ifndef JOS_KERN_TRACETRAP_H
#define JOS_KERN_TRACETRAP_H

// Begin to record events, if options.trace says so. To be called when the CPUs have been found and
// this CPU's timer runs.
void trace_init(void);

#endif
