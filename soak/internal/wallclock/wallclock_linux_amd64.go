package wallclock

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// New returns the clock of this process. It replaces the clock_gettime that the kernel maps into
// every process (vdso(7)) and that Go reads the time from: tools that preload a library into a
// program do not reach a Go program. The pages become the process's own copy when they are written
// to.
func New() (*Clock, error) {
	image, err := vdso()
	if err != nil {
		return nil, err
	}
	entry, err := symbol(image, "__vdso_clock_gettime")
	if err != nil {
		return nil, err
	}
	// Nothing uses the last bytes of the last page: the new function and its offset go there.
	stub := image[len(image)-64:]
	ahead := (*int64)(unsafe.Pointer(&stub[48]))
	clock := &Clock{set: func(by time.Duration) { atomic.StoreInt64(ahead, int64(by/time.Second)) }}
	if bytes.HasPrefix(stub, replaced) {
		return clock, nil // by an earlier call
	}
	if entry%8 != 0 || len(bytes.Trim(stub, "\x00")) > 0 {
		return nil, ErrUnsupported
	}
	if err := syscall.Mprotect(image, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	copy(stub, replaced)
	// One store, so that no other thread runs into half a jump.
	var jump [8]byte
	copy(jump[:], image[entry:])
	jump[0] = 0xe9
	binary.LittleEndian.PutUint32(jump[1:], uint32(len(image)-64-entry-5))
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&image[entry])), binary.LittleEndian.Uint64(jump[:]))
	return clock, nil
}

// replaced is a clock_gettime that adds the seconds stored 48 bytes after its start to
// CLOCK_REALTIME, which is 0.
var replaced = []byte{
	0xb8, 228, 0, 0, 0, // mov eax, SYS_clock_gettime
	0x0f, 0x05, // syscall
	0x85, 0xff, // test edi, edi
	0x75, 10, // jne: to the ret
	0x48, 0x8b, 0x0d, 30, 0, 0, 0, // mov rcx, [rip+30]
	0x48, 0x01, 0x0e, // add [rsi], rcx
	0xc3, // ret
}

// vdso returns the kernel's code in this process.
func vdso() ([]byte, error) {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var low, high uintptr
		if !strings.HasSuffix(lines.Text(), "[vdso]") {
			continue
		}
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x", &low, &high); err != nil {
			return nil, err
		}
		return unsafe.Slice(*(**byte)(unsafe.Pointer(&low)), high-low), nil
	}
	return nil, ErrUnsupported
}

// symbol returns the offset of a function in an image.
func symbol(image []byte, name string) (int, error) {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return 0, err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return 0, err
	}
	for _, s := range symbols {
		if s.Name == name && s.Value < uint64(len(image)) {
			return int(s.Value), nil
		}
	}
	return 0, ErrUnsupported
}
