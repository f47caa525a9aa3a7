// Loads and unloads KVM, makes and destroys VMs while others read their ledgers, and looks for what is left.
// The embedded host's only process while it runs. On standard output, a line for each result:
//   stress NAME ok|failed TEXT
// Usage: stress kvm-amd|kvm-intel
#include "flat_vcpu.hpp"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr unsigned loads = 50, vms = 200, added_vcpus = 7;

std::string vendor; // "kvm-amd"

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

long must(long result, const std::string& what) {
    if (result < 0) fail(what + ": " + std::strerror(errno));
    return result;
}

std::string module_name() { return vendor == "kvm-amd" ? "kvm_amd" : "kvm_intel"; }

void load(const std::string& name, const char* parameters) {
    const auto file =
        static_cast<int>(must(open(("/audit/" + name + ".ko").c_str(), O_RDONLY), "open " + name));
    must(syscall(SYS_finit_module, file, parameters, 0), "load " + name);
    close(file);
}

bool unload(const std::string& name) { return syscall(SYS_delete_module, name.c_str(), O_NONBLOCK) == 0; }

// A VM's last memory is freed, and its modules released, after a grace period.
void unload_in_time(const std::string& name) {
    for (int i = 0; i < 200; i++) {
        if (unload(name)) return;
        usleep(20'000);
    }
    fail("cannot unload " + name + ": " + std::strerror(errno));
}

constexpr const char *on = "", *off = "exit_ledger=0", *histograms = "exit_ledger=histograms";

void load_kvm(const char* ledger) {
    load("kvm", ledger);
    load(vendor, "");
}

void unload_kvm() {
    unload_in_time(module_name());
    unload_in_time("kvm");
}

// 32-bit code: ECX rounds, each over the leaves that sum up all vCPUs, for the exit of the round's number;
// then HLT.
constexpr unsigned leaves = 7;
constexpr std::uint8_t code[] = {
    0x89, 0xcf,                         // mov %ecx, %edi
    0xbe, 0xf9, 0xff, 0xff, 0x4f,       // mov $0x4ffffff9, %esi
    0x89, 0xf0,                         // mov %esi, %eax
    0x89, 0xf9,                         // mov %edi, %ecx
    0x0f, 0xa2,                         // cpuid
    0x46,                               // inc %esi
    0x81, 0xfe, 0,    0,    0,    0x50, // cmp $0x50000000, %esi
    0x75, 0xf1,                         // jne to the second mov
    0x4f,                               // dec %edi
    0x75, 0xe9,                         // jnz to the first
    0xf4,                               // hlt
};

class Vm {
public:
    explicit Vm(int kvm) : fd_(static_cast<int>(must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM"))) {
        size_ =
            static_cast<std::size_t>(must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE"));
        memory_ = static_cast<std::uint8_t*>(
            mmap(nullptr, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        std::copy(std::begin(code), std::end(code), memory_);
        kvm_userspace_memory_region region{0, 0, 0, memory_size, reinterpret_cast<std::uint64_t>(memory_)};
        must(ioctl(fd_, KVM_SET_TSS_ADDR, 0xfffbd000), "KVM_SET_TSS_ADDR");
        must(ioctl(fd_, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
    }
    ~Vm() {
        for (const int vcpu : vcpus_) close(vcpu);
        close(fd_);
        munmap(memory_, memory_size);
    }
    Vm(const Vm&) = delete;
    Vm& operator=(const Vm&) = delete;

    // Returns its descriptor.
    int add_vcpu(std::uint64_t rounds) {
        const int vcpu =
            static_cast<int>(must(ioctl(fd_, KVM_CREATE_VCPU, vcpus_.size()), "KVM_CREATE_VCPU"));
        vcpus_.push_back(vcpu);
        must(set_up_flat_vcpu(vcpu, rounds) ? 0 : -1, "setting registers");
        return vcpu;
    }

    // To its HLT: without an interrupt controller in the kernel that ends KVM_RUN.
    void run(int vcpu) const {
        auto* const state =
            static_cast<kvm_run*>(mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0));
        int result;
        do result = ioctl(vcpu, KVM_RUN, 0);
        while (result < 0 && errno == EINTR);
        const auto reason = state->exit_reason;
        munmap(state, size_);
        must(result, "KVM_RUN");
        if (reason != KVM_EXIT_HLT) fail("KVM_RUN returned for reason " + std::to_string(reason));
    }

    fs::path debugfs() const {
        return "/sys/kernel/debug/kvm/" + std::to_string(getpid()) + "-" + std::to_string(fd_);
    }
private:
    static constexpr std::size_t memory_size = 0x1000;
    int fd_;
    std::size_t size_ = 0;
    std::uint8_t* memory_ = nullptr;
    std::vector<int> vcpus_;
};

class Device {
public:
    const int fd = static_cast<int>(must(open("/dev/kvm", O_RDWR), "/dev/kvm"));
    Device() = default;
    ~Device() { close(fd); }
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
};

std::string read_all(int file) {
    std::string text;
    char bytes[4096];
    for (ssize_t n; (n = read(file, bytes, sizeof bytes)) > 0;)
        text.append(bytes, static_cast<std::size_t>(n));
    return text;
}

std::uint64_t total_of(const std::string& ledger) {
    if (!ledger.starts_with("total "))
        fail("the ledger's file has no total: \"" + ledger.substr(0, 40) + "\"");
    return std::stoull(ledger.substr(6));
}

// Reads every VM's ledger, and those of its first vCPUs, over and over, while the VM may come to its end.
class Readers {
public:
    explicit Readers(unsigned count) {
        for (unsigned i = 0; i < count; i++) threads_.emplace_back([this] { read_ledgers(); });
    }
    ~Readers() {
        ended_ = true;
        for (auto& thread : threads_) thread.join();
    }
    Readers(const Readers&) = delete;
    Readers& operator=(const Readers&) = delete;

    std::uint64_t reads() const { return reads_; }
private:
    void read_ledgers() {
        while (!ended_) {
            std::error_code ignored; // directories come and go
            for (const auto& vm : fs::directory_iterator("/sys/kernel/debug/kvm", ignored)) {
                for (const auto* name : {"exit_ledger", "vcpu0/exit_ledger", "vcpu1/exit_ledger"}) {
                    const int file = open((vm.path() / name).c_str(), O_RDONLY);
                    if (file < 0) continue;
                    reads_ += !read_all(file).empty();
                    close(file);
                }
            }
            usleep(1'000);
        }
    }
    std::atomic<bool> ended_ = false;
    std::atomic<std::uint64_t> reads_ = 0;
    std::vector<std::thread> threads_;
};

std::string load_and_unload() {
    for (unsigned i = 0; i < loads; i++) {
        load_kvm(std::array{histograms, off, on}[i % 3]);
        {
            const Device kvm;
            Vm vm(kvm.fd);
            vm.run(vm.add_vcpu(1));
        }
        unload_kvm();
    }
    return std::to_string(loads) + " times";
}

std::string create_and_destroy() {
    std::map<const char*, std::uint64_t> reads;
    for (const auto* ledger : {histograms, off}) {
        load_kvm(ledger);
        {
            const Readers readers(2);
            const Device kvm;
            for (unsigned i = 0; i < vms / 2; i++) {
                Vm vm(kvm.fd);
                const int first = vm.add_vcpu(5), second = vm.add_vcpu(5);
                std::thread other([&] { vm.run(second); });
                vm.run(first);
                other.join();
            }
            reads[ledger] = readers.reads();
        }
        unload_kvm();
    }
    if (reads[histograms] == 0) fail("no ledger was read");
    if (reads[off] != 0) fail("there is a file exit_ledger with exit_ledger=0");
    return std::to_string(vms) + " VMs, half of them without a ledger; " + std::to_string(reads[histograms]) +
           " reads";
}

std::string add_vcpus() {
    load_kvm(histograms);
    std::uint64_t reads = 0;
    {
        const Device kvm;
        Vm vm(kvm.fd);
        std::vector<std::thread> threads;
        const Readers readers(1);
        for (unsigned i = 0; i <= added_vcpus; i++) {
            const int vcpu = vm.add_vcpu(400);
            threads.emplace_back([&vm, vcpu] { vm.run(vcpu); });
            usleep(50'000);
        }
        for (auto& thread : threads) thread.join();
        reads = readers.reads();
    }
    unload_kvm();
    return std::to_string(added_vcpus) + " to a VM that ran; " + std::to_string(reads) + " reads";
}

std::string hold_file() {
    load_kvm(histograms);
    constexpr unsigned rounds = 100;
    std::vector<int> files;
    {
        const Device kvm;
        Vm vm(kvm.fd);
        const int vcpu = vm.add_vcpu(rounds);
        for (const auto* name : {"exit_ledger", "vcpu0/exit_ledger"})
            files.push_back(static_cast<int>(must(open((vm.debugfs() / name).c_str(), O_RDONLY), name)));
        vm.run(vcpu);
    }
    usleep(500'000);
    std::uint64_t total = 0;
    for (const int file : files) {
        if (unload(module_name())) fail("the modules were unloaded under an open file");
        total = total_of(read_all(file));
        if (total < rounds * leaves) fail("a file held open shows " + std::to_string(total) + " exits");
        close(file);
    }
    unload_kvm();
    return "the VM's and its vCPU's show " + std::to_string(total) +
           " exits after the VM's end, and keep the modules until they are closed";
}

struct Slab {
    std::uint64_t objects = 0, in_a_slab = 0; // in use; of one slab
};

// The caches that ledgers and vCPUs come from, without what a sanitizer keeps in quarantine.
std::map<std::string, Slab> slabs() {
    std::error_code ignored;
    for (const auto& cache : fs::directory_iterator("/sys/kernel/slab", ignored))
        std::ofstream(cache.path() / "shrink") << 1;
    std::map<std::string, Slab> slabs;
    std::ifstream lines("/proc/slabinfo");
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        std::uint64_t all = 0, size = 0;
        Slab slab;
        if (words >> name >> slab.objects >> all >> size >> slab.in_a_slab &&
            (name.starts_with("kmalloc-") || name.starts_with("kvm_")))
            slabs[name] = slab;
    }
    return slabs;
}

// What kmemleak reports, for the console, whose reports exitaudit judges. Without kmemleak: nothing.
void show_leaks() {
    for (int scan = 0; scan < 2; scan++) std::ofstream("/sys/kernel/debug/kmemleak") << "scan" << std::endl;
    std::ifstream leaks("/sys/kernel/debug/kmemleak");
    std::ofstream console("/dev/ttyS0");
    for (std::string line; std::getline(leaks, line);) console << line << std::endl;
}

// A ledger is two objects of some KiB for each vCPU. Source: get_slabinfo() counts a slab that a CPU
// allocates from as full.
std::string look_for_leaks(const std::map<std::string, Slab>& before) {
    const auto after = slabs();
    if (after.empty()) return "nothing to count: the kernel has no /proc/slabinfo";
    std::string grown;
    constexpr std::uint64_t few = vms / 4;
    const auto cpus = static_cast<std::uint64_t>(sysconf(_SC_NPROCESSORS_ONLN));
    for (const auto& [name, slab] : after) {
        const auto found = before.find(name);
        const auto earlier = found == before.end() ? 0 : found->second.objects;
        if (slab.objects > earlier + few + cpus * slab.in_a_slab)
            grown += " " + name + " from " + std::to_string(earlier) + " to " + std::to_string(slab.objects);
    }
    if (!grown.empty()) fail("slabs grew:" + grown);
    return std::to_string(after.size()) + " slabs hold no more than before";
}

template <typename Work> bool attempt(const char* name, Work work) {
    try {
        std::printf("stress %s ok %s\n", name, work().c_str());
    } catch (const std::exception& error) {
        std::printf("stress %s failed %s\n", name, error.what());
        return false;
    }
    std::fflush(stdout);
    return true;
}

}

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    vendor = argv[1];
    // init has loaded KVM. Caches that the first VMs fill are no leaks.
    unload_kvm();
    load_kvm(histograms);
    unload_kvm();
    const auto before = slabs();
    const bool all = attempt("modules", load_and_unload) && attempt("vms", create_and_destroy) &&
                     attempt("vcpus", add_vcpus) && attempt("file", hold_file) &&
                     attempt("slabs", [&] { return look_for_leaks(before); });
    show_leaks();
    return all ? 0 : 1;
}
