#!/bin/sh
# Compiles ixy's ixgbe driver to WebAssembly: build.sh IXY OUTPUT, where IXY is a copy of https://github.com/emmericp/ixy.
# It needs clang and wasm-ld. The driver's sources are copied beside the output and changed in four places: register access is
# a call, as registers are no memory here; physical addresses have 64 bits, as the driver shifts them; and so the head room of a
# packet buffer is what its assertion wants; and the arrays at the end of its queues are of their full length, or the second queue
# would begin inside of the first one's array.
set -e
here=$(cd "$(dirname "$0")" && pwd)
ixy=$1
output=$2
work=$output.build
rm -rf "$work"
mkdir -p "$work/include/sys" "$work/include/linux"
cp -r "$ixy/src" "$work/src"
for name in assert ctype errno fcntl libgen stdio stdlib string time unistd sys/epoll sys/eventfd sys/file sys/ioctl sys/mman \
  sys/stat linux/limits linux/mman linux/vfio; do
  echo '#include "libc.h"' > "$work/include/$name.h"
done
sed -i -e 's/\*((volatile uint32_t\*) (addr + reg)) = value;/reg_write(addr, reg, value);/' \
  -e 's/\*((volatile uint32_t\*) (addr + reg))/reg_read(addr, reg)/' "$work/src/driver/device.h"
sed -i -e 's/uintptr_t buf_addr_phy/uint64_t buf_addr_phy/' -e 's/uintptr_t phy/uint64_t phy/' \
  -e 's/SIZE_PKT_BUF_HEADROOM 40/SIZE_PKT_BUF_HEADROOM 44/' "$work/src/memory.h"
sed -i -e 's/void\* virtual_addresses\[\];/void* virtual_addresses[4096];/' "$work/src/driver/ixgbe.c"
clang --target=wasm32 -std=gnu11 -O2 -DNDEBUG -nostdlib -nostdlibinc -fno-builtin -mno-bulk-memory -w \
  -I "$work/include" -I "$here" -I "$work/src" \
  "$here/libc.c" "$work/src/driver/ixgbe.c" "$work/src/driver/device.c" "$work/src/memory.c" "$work/src/pci.c" "$work/src/stats.c" \
  -Wl,--no-entry -Wl,--initial-memory=268435456 -Wl,-z,stack-size=65536 -o "$output"
rm -rf "$work"
