# The guest: one link, two images of it.
#   build/unikernel.elf      ELF32, for Multiboot 1 and 2 loaders (qemu -kernel, GRUB)
#   build/unikernel-pvh.elf  ELF64 without the Multiboot 1 header, which QEMU would prefer to PVH

GUEST_CXX     := $(CROSS_COMPILE)g++
GUEST_OBJCOPY := $(CROSS_COMPILE)objcopy

GUEST_CPPFLAGS := -Iunikernel -Ihost-kvm-patch/abi
GUEST_CXXFLAGS := -std=c++20 -Os -g -ffreestanding -mgeneral-regs-only -mno-red-zone -fno-exceptions -fno-rtti \
	-fno-stack-protector -fno-pic -fcf-protection=none -fno-asynchronous-unwind-tables -fno-threadsafe-statics \
	-ffunction-sections -fdata-sections
GUEST_LDFLAGS  := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-n -Wl,--gc-sections -Wl,-T,linker.ld

# A room includes only from those before it: tests/exitaudit/rooms_test.cpp.
GUEST_ROOMS := boot machine console ledger triggers plan audit audit/rules audit/run diagnosis report

# What needs no hardware is compiled for the machine at hand too: exitaudit checks
# plans with it, and unit tests try it. There triggers are read, never fired: what they refer
# to in machine/ is linked, never run, and hosted.cpp stands in for its assembly.
HOSTED_ONLY := unikernel/triggers/untriggered.cpp unikernel/machine/hosted.cpp
GUEST_ONLY := unikernel/machine/freestanding.cpp unikernel/machine/acpi.cpp \
	unikernel/machine/power.cpp
PORTABLE_SOURCES := unikernel/console/format.cpp unikernel/report/json.cpp $(filter-out $(GUEST_ONLY),$(wildcard $(addprefix unikernel/, \
	diagnosis/*.cpp audit/*.cpp audit/*/*.cpp plan/*.cpp ledger/*.cpp triggers/*.cpp machine/*.cpp)))
PORTABLE_OBJECTS := $(PORTABLE_SOURCES:%.cpp=build/obj/hosted/%.o)

GUEST_SOURCES := $(filter-out $(HOSTED_ONLY),$(wildcard unikernel/*.cpp $(GUEST_ROOMS:%=unikernel/%/*.cpp) unikernel/*/*.S))
GUEST_OBJECTS := $(GUEST_SOURCES:%=build/obj/%.o)

.PHONY: guest
guest: build/unikernel.elf build/unikernel-pvh.elf

build/obj/unikernel/%.cpp.o: unikernel/%.cpp build/obj/toolchain | packages-guest
	@mkdir -p $(@D)
	$(call announce,CXX)$(GUEST_CXX) $(GUEST_CPPFLAGS) $(WARNINGS) $(GUEST_CXXFLAGS) -MMD -MP -c -o $@ $<

build/obj/unikernel/%.S.o: unikernel/%.S build/obj/toolchain | packages-guest
	@mkdir -p $(@D)
	$(call announce,AS)$(GUEST_CXX) -MMD -MP -c -o $@ $<

build/obj/hosted/unikernel/%.o: unikernel/%.cpp build/obj/toolchain | packages-program
	@mkdir -p $(@D)
	$(call announce,CXX)$(CXX) $(HOST_CXXFLAGS) -MMD -MP -c -o $@ $<

build/obj/unikernel.elf64: $(GUEST_OBJECTS) linker.ld
	$(call announce,LINK)$(GUEST_CXX) $(GUEST_LDFLAGS) -o $@ $(GUEST_OBJECTS)

build/unikernel.elf: build/obj/unikernel.elf64
	$(call announce,COPY)$(GUEST_OBJCOPY) --strip-all -O elf32-i386 $< $@

build/unikernel-pvh.elf: build/obj/unikernel.elf64
	$(call announce,COPY)$(GUEST_OBJCOPY) --strip-all --remove-section=.multiboot1 $< $@

-include $(GUEST_OBJECTS:.o=.d) $(PORTABLE_OBJECTS:.o=.d)
