// Kept for code written for JOS; nothing here includes it: functions with any number of arguments.

#ifndef JOS_INC_STDARG_H
#define JOS_INC_STDARG_H

#include <inc/types.h>

#endif
