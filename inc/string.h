#ifndef JOS_INC_STRING_H
#define JOS_INC_STRING_H

#include <inc/types.h>

// As in the C library, unless said otherwise.
int strlen(const char *s);
int strnlen(const char *s, size_t size);
char *strcpy(char *dst, const char *src);
char *strncpy(char *dst, const char *src, size_t size);
char *strcat(char *dst, const char *src);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *s, char c);
long strtol(const char *s, char **end, int base);

void *memset(void *dst, int c, size_t len);
void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
int memcmp(const void *a, const void *b, size_t len);

// Copy at most size - 1 bytes and always terminate; returns the number of bytes copied.
size_t strlcpy(char *dst, const char *src, size_t size);

// Like strchr and memchr, but when c is not found: a pointer to the end.
char *strfind(const char *s, char c);
void *memfind(const void *s, int c, size_t len);

#endif
