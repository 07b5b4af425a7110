// Recording traps into the kernel and returns from it.

#ifndef JOS_KERN_TRACETRAP_H
#define JOS_KERN_TRACETRAP_H

// Begin to record events, if options.trace_ms says so. To be called after the CPUs have been found
// and this CPU's timer has been started.
void trace_init(void);

#endif
