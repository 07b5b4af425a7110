// Error codes, for the kernel and for programs.

#ifndef JOS_INC_ERROR_H
#define JOS_INC_ERROR_H

// A function that fails returns the negative of one of these. printf's %e prints the text for a
// number of either sign. E_UNSPECIFIED and E_EOF are kept for programs written for JOS; nothing
// here returns them.
#define JOS_ERRORS(X)                                                                              \
	X(E_UNSPECIFIED, 1, "unspecified error")                                                   \
	X(E_BAD_ENV, 2, "bad environment")                                                         \
	X(E_INVAL, 3, "invalid parameter")                                                         \
	X(E_NO_MEM, 4, "out of memory")                                                            \
	X(E_NO_FREE_ENV, 5, "out of environments")                                                 \
	X(E_FAULT, 6, "segmentation fault")                                                        \
	X(E_IPC_NOT_RECV, 7, "env is not recving")                                                 \
	X(E_EOF, 8, "unexpected end of file")

#define ERROR_CONSTANT(name, number, text) name = number,
enum { JOS_ERRORS(ERROR_CONSTANT) MAXERROR };
#undef ERROR_CONSTANT

#endif
