/*
 * The library of libc.h, and what the harness calls.
 *
 * Memory is the module's own, which is the NICs' DMA memory: a physical address is the address. Files are those that the driver opens
 * of sysfs, procfs and hugetlbfs. A NIC is told by the digit before the last dot of its PCI address: 0000:00:01.0 is NIC 1.
 */
#include "libc.h"

#include "driver/device.h"
#include "driver/ixgbe.h"
#include "driver/virtio.h"
#include "libixy-vfio.h"

#define IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

IMPORT(regRead) uint32_t host_read(uint32_t nic, uint32_t reg);
IMPORT(regWrite) void host_write(uint32_t nic, uint32_t reg, uint32_t value);
IMPORT(print) void host_print(const char* text, size_t length);
IMPORT(now) double host_now(void);
IMPORT(sleep) void host_sleep(double microseconds);

uint32_t reg_read(const void* nic, uint32_t reg) {
	return host_read((uintptr_t) nic, reg);
}
void reg_write(const void* nic, uint32_t reg, uint32_t value) {
	host_write((uintptr_t) nic, reg, value);
}

/* ---- memory: a heap from which nothing is given back, in memory that has its full size from the start: NICs keep hold of it */

extern char __heap_base;
static uintptr_t heap;
static void* allocate(size_t size, size_t alignment) {
	if (!heap) heap = (uintptr_t) &__heap_base;
	uintptr_t at = (heap + alignment - 1) & ~(alignment - 1);
	heap = at + size;
	if ((heap + 0xffff) >> 16 > __builtin_wasm_memory_size(0)) abort();
	return (void*) at;
}
void* malloc(size_t size) {
	return allocate(size, 16);
}
/* Memory that was never used is zero. */
void* calloc(size_t count, size_t size) {
	return allocate(count * size, 16);
}
void free(void* block) {
	(void) block;
}
void* memset(void* to, int value, size_t size) {
	for (size_t i = 0; i < size; i++) ((volatile char*) to)[i] = value;
	return to;
}
void* memcpy(void* to, const void* from, size_t size) {
	for (size_t i = 0; i < size; i++) ((volatile char*) to)[i] = ((const char*) from)[i];
	return to;
}

/* ---- text */

int errno;
FILE *stdout, *stderr;

size_t strlen(const char* text) {
	size_t n = 0;
	while (text[n]) n++;
	return n;
}
char* strdup(const char* text) {
	size_t size = strlen(text) + 1;
	return memcpy(malloc(size), text, size);
}
int strerror_r(int number, char* to, size_t size) {
	return snprintf(to, size, "error %d", number);
}
int isprint(int c) {
	return c >= 32 && c < 127;
}
/* Conversions d, u, x, X, p, s, c with a width, and f with two digits. */
static int format_text(char* to, size_t size, const char* format, va_list list) {
	size_t n = 0;
#define PUT(c) do { char put_ = (c); if (n + 1 < size) to[n] = put_; n++; } while (0)
	for (; *format; format++) {
		if (*format != '%') {
			PUT(*format);
			continue;
		}
		bool zeros = *++format == '0';
		int width = 0, longs = 0;
		while (*format == '.' || (*format >= '0' && *format <= '9')) {
			if (*format != '.') width = width * 10 + *format - '0';
			format++;
		}
		for (; *format == 'l' || *format == 'z'; format++) longs += *format == 'l';
		if (*format == 's') {
			for (const char* s = va_arg(list, const char*); *s; s++) PUT(*s);
		} else if (*format == 'c') {
			PUT(va_arg(list, int));
		} else {
			unsigned long long value;
			unsigned base = *format == 'x' || *format == 'X' || *format == 'p' ? 16 : 10;
			bool negative = false;
			if (*format == 'f') {
				value = (unsigned long long) va_arg(list, double);
			} else if (*format == 'd') {
				long long number = longs > 1 ? va_arg(list, long long) : va_arg(list, int);
				negative = number < 0;
				value = negative ? -number : number;
			} else value = longs > 1 ? va_arg(list, unsigned long long) : va_arg(list, unsigned);
			char digits[24];
			int count = 0;
			do digits[count++] = "0123456789abcdef"[value % base]; while ((value /= base));
			if (negative) digits[count++] = '-';
			for (int i = count; i < width; i++) PUT(zeros ? '0' : ' ');
			while (count) PUT(digits[--count]);
		}
	}
	if (size) to[n < size ? n : size - 1] = 0;
	return n;
}
int snprintf(char* to, size_t size, const char* format, ...) {
	va_list list;
	va_start(list, format);
	int n = format_text(to, size, format, list);
	va_end(list);
	return n;
}
static int print(const char* format, va_list list) {
	char text[1024];
	format_text(text, sizeof text, format, list);
	host_print(text, strlen(text));
	return 0;
}
int fprintf(FILE* file, const char* format, ...) {
	(void) file;
	va_list list;
	va_start(list, format);
	print(format, list);
	va_end(list);
	return 0;
}
int printf(const char* format, ...) {
	va_list list;
	va_start(list, format);
	print(format, list);
	va_end(list);
	return 0;
}
_Noreturn void abort(void) {
	__builtin_trap();
}
_Noreturn void exit(int status) {
	(void) status;
	__builtin_trap();
}

/* ---- files: their descriptors say what they are, with the NIC's number in the lowest digit */

enum { PAGEMAP = 100, HUGE_PAGE = 110, RESOURCE = 200, CONFIG = 300 };
static off_t position;

static bool ends(const char* path, const char* with) {
	size_t a = strlen(path), b = strlen(with);
	if (b > a) return false;
	for (size_t i = 0; i < b; i++)
		if (path[a - b + i] != with[i]) return false;
	return true;
}
static int nic_of(const char* path) {
	int last = 0;
	for (const char* p = path; p[0] && p[1]; p++)
		if (p[0] >= '0' && p[0] <= '9' && p[1] == '.') last = p[0] - '0';
	return last;
}
int open(const char* path, int flags, ...) {
	(void) flags;
	position = 0;
	if (ends(path, "/pagemap")) return PAGEMAP;
	if (ends(path, "/resource0")) return RESOURCE + nic_of(path);
	if (ends(path, "/config")) return CONFIG + nic_of(path);
	for (const char* p = path; *p; p++)
		if (p[0] == 'i' && p[1] == 'x' && p[2] == 'y' && p[3] == '-') return HUGE_PAGE;
	errno = 2;
	return -1;
}
int close(int fd) {
	(void) fd;
	return 0;
}
int unlink(const char* path) {
	(void) path;
	return 0;
}
int ftruncate(int fd, off_t size) {
	(void) fd, (void) size;
	return 0;
}
off_t lseek(int fd, off_t offset, int whence) {
	(void) fd, (void) whence;
	return position = offset;
}
long sysconf(int name) {
	(void) name;
	return 4096;
}
/* Pages are where they are: entry n of the page map is n. */
ssize_t read(int fd, void* to, size_t size) {
	if (fd == PAGEMAP) *(uint32_t*) to = position / sizeof(uintptr_t);
	else pread(fd, to, size, position);
	return size;
}
ssize_t write(int fd, const void* from, size_t size) {
	(void) fd, (void) from;
	return size;
}
/* The configuration space of an 82599: vendor, device; class 2 at offset 11. */
ssize_t pread(int fd, void* to, size_t size, off_t offset) {
	static const uint8_t space[12] = {0x86, 0x80, 0xfb, 0x10, [11] = 0x02};
	(void) fd;
	for (size_t i = 0; i < size; i++) ((uint8_t*) to)[i] = offset + i < sizeof space ? space[offset + i] : 0;
	return size;
}
ssize_t pwrite(int fd, const void* from, size_t size, off_t offset) {
	(void) fd, (void) from, (void) offset;
	return size;
}
/* There is no IOMMU. */
int stat(const char* path, struct stat* to) {
	(void) path, (void) to;
	return -1;
}
int fstat(int fd, struct stat* to) {
	(void) fd;
	to->st_size = 0x20000;
	return 0;
}
/* BAR 0 is not memory here: its address is the NIC's number. */
void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
	(void) address, (void) protection, (void) flags, (void) offset;
	if (fd >= RESOURCE && fd < RESOURCE + 10) return (void*) (uintptr_t) (fd - RESOURCE);
	return allocate(size, 2 << 20);
}
int mlock(const void* address, size_t size) {
	(void) address, (void) size;
	return 0;
}

/* ---- time and who we are */

int usleep(unsigned microseconds) {
	host_sleep(microseconds);
	return 0;
}
int clock_gettime(int clock, struct timespec* to) {
	(void) clock;
	double now = host_now();
	to->tv_sec = now / 1e9;
	to->tv_nsec = now - to->tv_sec * 1e9;
	return 0;
}
int getuid(void) {
	return 0;
}
pid_t getpid(void) {
	return 1;
}

/* ---- what of the driver is for other machines */

struct ixy_device* virtio_init(const char* pci_addr, uint16_t rx_queues, uint16_t tx_queues) {
	(void) pci_addr, (void) rx_queues, (void) tx_queues;
	abort();
}
int vfio_init(const char* pci_addr) {
	(void) pci_addr;
	abort();
}
int vfio_enable_msi(int fd) {
	(void) fd;
	abort();
}
int vfio_enable_msix(int fd, uint32_t vector) {
	(void) fd, (void) vector;
	abort();
}
int vfio_setup_interrupt(int fd) {
	(void) fd;
	abort();
}
int vfio_epoll_wait(int fd, int most, int timeout) {
	(void) fd, (void) most, (void) timeout;
	abort();
}
int vfio_epoll_ctl(int fd) {
	(void) fd;
	abort();
}
uint8_t* vfio_map_region(int fd, int region) {
	(void) fd, (void) region;
	abort();
}
uint64_t vfio_map_dma(void* address, uint32_t size) {
	(void) address, (void) size;
	abort();
}
void check_interrupt(struct interrupt_queues* interrupt, uint64_t diff, uint32_t index, uint32_t size) {
	(void) interrupt, (void) diff, (void) index, (void) size;
	abort();
}

/* ---- what the harness calls; forward() is ixy-fwd's own */

#define main ixy_fwd_main
#include "app/ixy-fwd.c"
#undef main

EXPORT(open) struct ixy_device* harness_open(uint32_t nic, uint32_t queues) {
	char address[] = "0000:00:00.0";
	address[9] = '0' + nic;
	return ixy_init(address, queues, queues, 0);
}
EXPORT(forward) void harness_forward(struct ixy_device* from, uint32_t rx_queue, struct ixy_device* to, uint32_t tx_queue) {
	forward(from, rx_queue, to, tx_queue);
}
EXPORT(linkSpeed) uint32_t harness_link_speed(struct ixy_device* device) {
	return get_link_speed(device);
}
EXPORT(promiscuous) void harness_promiscuous(struct ixy_device* device, uint32_t on) {
	ixy_set_promisc(device, on);
}
EXPORT(macByte) uint32_t harness_mac_byte(struct ixy_device* device, uint32_t i) {
	return get_mac_addr(device).addr[i];
}
/* Frames and bytes, received and sent, since the last time. */
EXPORT(stats) double harness_stats(struct ixy_device* device, uint32_t which) {
	static struct device_stats stats;
	if (which == 0) {
		memset(&stats, 0, sizeof stats);
		ixy_read_stats(device, &stats);
	}
	return which == 0 ? stats.rx_pkts : which == 1 ? stats.tx_pkts : which == 2 ? stats.rx_bytes : stats.tx_bytes;
}
