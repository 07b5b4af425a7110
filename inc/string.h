// Strings and memory (lib/string.c), for the kernel and for programs. What is not explained is as
// in the C library.

#ifndef JOS_INC_STRING_H
#define JOS_INC_STRING_H

#include <inc/types.h>

int strlen(const char *s);
int strnlen(const char *s, size_t size);
char *strcpy(char *dst, const char *src);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *s, char c);
long strtol(const char *s, char **end, int base);

void *memset(void *dst, int c, size_t len);
void *memcpy(void *dst, const void *src, size_t len);
int memcmp(const void *a, const void *b, size_t len);

// Copy at most size - 1 bytes, and end the copy with a 0 byte if size is not 0. Returns the number
// of bytes copied.
size_t strlcpy(char *dst, const char *src, size_t size);

// As strchr, but if c is not found return a pointer to the end of s.
char *strfind(const char *s, char c);

// ---- Kept for programs written for JOS; nothing here uses these ----

char *strncpy(char *dst, const char *src, size_t size);
char *strcat(char *dst, const char *src);
void *memmove(void *dst, const void *src, size_t len);

// Return a pointer to the first byte c of the len bytes at s, or to the end if there is none.
void *memfind(const void *s, int c, size_t len);

#endif
