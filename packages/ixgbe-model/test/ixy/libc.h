/*
 * What ixy's ixgbe driver needs of a C library and of Linux, for a machine that has neither: WebAssembly with five imports.
 * build.sh makes a header of each name that the driver includes, which includes this one.
 */
#ifndef IXY_LIBC_H
#define IXY_LIBC_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The registers of a NIC, which is told by its number. */
uint32_t reg_read(const void* nic, uint32_t reg);
void reg_write(const void* nic, uint32_t reg, uint32_t value);

typedef long ssize_t;
typedef long long off_t;
typedef long long time_t;
typedef int pid_t;
typedef uint32_t __u32;
typedef uint64_t __u64;

/* stdio, string, stdlib, ctype */
typedef int FILE;
extern FILE *stdout, *stderr;
int fprintf(FILE* file, const char* format, ...);
int printf(const char* format, ...);
int snprintf(char* to, size_t size, const char* format, ...);
void* memset(void* to, int value, size_t size);
void* memcpy(void* to, const void* from, size_t size);
size_t strlen(const char* text);
char* strdup(const char* text);
int strerror_r(int number, char* to, size_t size);
void* malloc(size_t size);
void* calloc(size_t count, size_t size);
void free(void* block);
_Noreturn void abort(void);
_Noreturn void exit(int status);
int isprint(int c);

/* errno, assert */
extern int errno;
#define static_assert _Static_assert
#ifdef NDEBUG
#define assert(expression) ((void) (expression))
#else
#define assert(expression) ((expression) ? (void) 0 : abort())
#endif

/* unistd, fcntl, sys/... */
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define S_IRWXU 0700
#define SEEK_SET 0
#define _SC_PAGESIZE 30
#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_SHARED 1
#define MAP_ANONYMOUS 0x20
#define MAP_HUGETLB 0x40000
#define MAP_HUGE_2MB (21 << 26)
#define PATH_MAX 4096
struct stat {
	off_t st_size;
};
int open(const char* path, int flags, ...);
int close(int fd);
int unlink(const char* path);
int ftruncate(int fd, off_t size);
off_t lseek(int fd, off_t offset, int whence);
ssize_t read(int fd, void* to, size_t size);
ssize_t write(int fd, const void* from, size_t size);
ssize_t pread(int fd, void* to, size_t size, off_t offset);
ssize_t pwrite(int fd, const void* from, size_t size, off_t offset);
int stat(const char* path, struct stat* to);
int fstat(int fd, struct stat* to);
void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset);
int mlock(const void* address, size_t size);
long sysconf(int name);
int usleep(unsigned microseconds);
int getuid(void);
pid_t getpid(void);

/* time */
#define CLOCK_MONOTONIC 1
struct timespec {
	time_t tv_sec;
	long long tv_nsec;
};
int clock_gettime(int clock, struct timespec* to);

/* linux/vfio.h: only names, as there is no IOMMU */
enum { VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX };

#endif
