// The vmx and svm-bochs lanes: Bochs emulates an Intel CPU with VT-x, or an AMD CPU
// with SVM; Linux and its KVM run on that as the embedded host (L1); the guest runs on
// that KVM (L2).
#include "exitaudit/lanes/bochs.hpp"
#include "exitaudit/lanes/embedded_host.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/pattern.hpp"
#include "exitaudit/support/words.hpp"
#include "exitaudit/support/file.hpp"

namespace exitaudit {
namespace {

// reboot=t: Bochs's BIOS cannot boot a second time. The rest saves a quarter of the instructions until init
// runs, more with Linux 6.12: zeroed pages, security modules, memory accounting, checks of copies to user
// space, freeing the initramfs archive, and a file system with swap. The initcalls check the names of traced
// functions, fill in names in tracepoint formats, read BTF, load certificates, and test entropy sources and a
// key derivation.
constexpr auto bochs_kernel_words = "reboot=t init_on_alloc=0 lsm= cgroup_disable=memory "
                                    "hardened_usercopy=off retain_initrd rootfstype=ramfs "
                                    "initcall_blacklist=ftrace_check_for_weak_functions,trace_eval_init,"
                                    "kfunc_init,bpf_kfunc_init,bpf_rstat_kfunc_init,bpf_key_sig_kfuncs_init,"
                                    "bpf_tcp_ca_kfunc_init,bpf_kprobe_multi_kfuncs_init,"
                                    "cpumask_kfunc_init,crypto_kfunc_init,bpf_fs_kfuncs_init,bpf_map_iter_"
                                    "init,bpf_prog_test_run_init,xdp_metadata_init,"
                                    "bpf_dummy_struct_ops_init,fsverity_init,scx_init,cubictcp_register,"
                                    "load_system_certificate_list,jent_mod_init,crypto_kdf108_init";

constexpr auto packages = "bochs bochs-term bochsbios vgabios";

// Bochs's version. Error if it cannot emulate this model.
std::string require_model(const std::string& model) {
    find_program("bochs", packages);
    const auto help = output_of({"bochs", "--help", "cpu"});
    const auto models = help.out + help.err;
    if (models.find(model) == std::string::npos)
        throw failure("this Bochs cannot emulate the CPU {}: "
                      "it needs Bochs 2.7 or 3.0, with VT-x and SVM",
                      model);
    const auto found = Pattern("Emulator ([0-9.]+)").search(models);
    return found ? found->at(1) : "unknown";
}

template <Vendor vendor>
Session run_bochs(const HostSpec& spec, const Places& places, const Listener& listener) {
    // Linux handles all that Bochs emulates of these two.
    const auto* const model = vendor == Vendor::intel ? "corei7_haswell_4770" : "zambezi";
    find_program("qemu-system-x86_64", "qemu-system-x86");
    const auto version = require_model(model);
    const auto host = EmbeddedHost::find(spec, places);
    const auto kernel_words = fmt::format("{} {}", kernel_words_of(spec), bochs_kernel_words);
    const auto image = make_pvh_image(read_file(host.kernel),
                                      host_initramfs(host, emulator_word("bochs", version), spec, places),
                                      kernel_words, bochs_memory);
    const MemoryFile memory("memory", image);
    const MemoryFile configuration(
        "configuration", bochs_configuration(model, (host.kernel.parent_path() / "pvh.rom").string(),
                                             memory.path_for_child()));
    const MemoryFile commands("commands", "c\n"); // continue
    // Bochs writes to standard output, the guest to descriptor 3; the display needs some TERM.
    Words command{"sh", "-c", "TERM=vt100 exec bochs \"$@\" 3>&1 >/dev/null", "sh", "-q", "-f"};
    command.push_back(configuration.path_for_child());
    if (bochs_starts_in_debugger(version)) append(command, {"-rc", commands.path_for_child()});
    const Emulator bochs{"Bochs", std::move(command), version, kernel_words, 1};
    return run_embedded_host(bochs, spec, listener);
}

} // namespace

const Lane vmx_lane{
    .name = "vmx", .run = run_bochs<Vendor::intel>, .embedded = true, .vendor = Vendor::intel, .slow = true};

// Bochs's SVM takes a guest's triple fault for the host's, so Linux must reset by ACPI.
const Lane svm_bochs_lane{.name = "svm-bochs",
                          .run = run_bochs<Vendor::amd>,
                          .embedded = true,
                          .vendor = Vendor::amd,
                          .slow = true,
                          .linux_words = "reboot=a"};

// The option ROM reads the image from a disk: Bochs's RAM images go into its own memory layout, not the
// machine's. Bochs cannot make a lock file beside a descriptor in /proc, and does without. No network; the
// terminal display needs neither screen nor port. A restart is a triple fault, whose panic ends Bochs. A
// higher `ips` makes waiting loops longer, a lower one timer interrupts more frequent.
std::string bochs_configuration(std::string_view cpu_model, std::string_view rom, std::string_view image) {
    return fmt::format(R"(cpu: model={}, ips=25000000, reset_on_triple_fault=0
megs: {}
clock: sync=none
romimage: file=$BXSHARE/BIOS-bochs-latest, options=fastboot
vgaromimage: file=$BXSHARE/VGABIOS-lgpl-latest
optromimage1: file={}, address=0xd0000
ata0-master: type=disk, path={}, mode=flat
com1: enabled=1, mode=file, dev=/dev/stderr
com2: enabled=1, mode=file, dev=/dev/fd/3
plugin_ctrl: speaker=0, parallel=0, gameport=0
display_library: term
log: /dev/null
panic: action=fatal
)",
                       cpu_model, bochs_memory >> 20, rom, image);
}

// Debian's Bochs 2 always starts in its debugger; Bochs 3 only on request, and is faster without.
bool bochs_starts_in_debugger(std::string_view version) { return version.starts_with("2."); }

} // namespace exitaudit
