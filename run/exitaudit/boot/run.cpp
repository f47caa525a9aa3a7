// Booting Linux on a lane's host while the sampler watches.
#include "exitaudit/boot/report.hpp"

#include "exitaudit/documents/budget.hpp"
#include "exitaudit/lanes/tree.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/log/lines.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/say.hpp"

#include <cstdio>

namespace exitaudit {
namespace {

namespace fs = std::filesystem;

// Where the embedded host finds the guest's files.
constexpr auto in_host = "/audit/";

// A disk is in an emulator's memory twice.
constexpr std::uintmax_t largest_disk = 128 << 20;

const fs::path& existing(const fs::path& path, const char* remedy) {
    if (!fs::is_regular_file(path)) throw failure("{} is missing: {}", path.string(), remedy);
    return path;
}

BootFiles find_files(const BootOptions& options, const Places& places) {
    const auto version = places.kernel(options.kernel);
    BootFiles files;
    files.sampler = existing(places.build / "exit-sampler", "make linux-guest");
    if (options.kernel_image.empty())
        files.kernel = existing(places.build / "embedded-host" / version / "vmlinux", "make embedded-host");
    else
        files.kernel = fs::absolute(existing(options.kernel_image, "check --kernel-image"));
    // The user's own kernel may need no initramfs.
    if (!options.initrd.empty())
        files.initrd = fs::absolute(existing(options.initrd, "check --initrd"));
    else if (options.kernel_image.empty())
        files.initrd =
            existing(places.build / "linux-guest" / version / "initramfs.cpio", "make linux-guest");
    if (!options.disk.empty()) files.disk = fs::absolute(existing(options.disk, "check --disk"));
    return files;
}

// The guest's initramfs with exitaudit in it, which reads the ledger.
std::string initramfs_with_reader(const BootFiles& files, const Places& places) {
    const OverlayFile reader{
        "bin/exitaudit", read_file(existing(places.build / "linux-guest" / "exitaudit", "make linux-guest")),
        true};
    return join_archives(read_file(files.initrd), make_overlay({&reader, 1}));
}

// The guest as the embedded host runs it.
OwnGuest guest_in_host(const BootOptions& options, const BootFiles& files) {
    if (!files.disk.empty() && fs::file_size(files.disk) > largest_disk)
        throw failure("{}: an embedded host has no room for a disk of more than {} MiB: use --lane native",
                      files.disk, largest_disk >> 20);
    OwnGuest guest;
    const auto put = [&](const std::string& file, const char* name, bool executable) {
        if (file.empty()) return std::string();
        guest.files.push_back({fmt::format("audit/{}", name), read_file(file), executable});
        return in_host + std::string(name);
    };
    const BootFiles inside{put(files.sampler, "exit-sampler", true), put(files.kernel, "linux", false),
                           put(files.initrd, "linux-initramfs", false), put(files.disk, "disk", false), true};
    guest.command = boot_command(options, inside);
    return guest;
}

HostSpec spec_of(const BootOptions& options, const Lane& lane) {
    HostSpec spec;
    if (lane.embedded) spec.kernel = options.kernel; // elsewhere it is the guest's alone
    spec.modules = options.modules;
    spec.shadow_paging = options.no_npt;
    if (options.histograms) spec.exit_ledger = "histograms";
    spec.timeout = options.timeout;
    return spec;
}

Session run_lane(const Lane& lane, BootOptions options, const Listener& listener) {
    if (!lane.linux_words.empty()) options.append = fmt::format("{} {}", lane.linux_words, options.append);
    const auto places = Places::find(options.build);
    auto files = find_files(options, places);
    std::optional<MemoryFile> with_reader;
    if (options.read) {
        with_reader.emplace("initramfs", initramfs_with_reader(files, places));
        files.initrd = with_reader->path_for_child();
    }
    auto spec = spec_of(options, lane);
    if (!options.tree.empty()) spec.built = build_tree(options.tree, places);
    spec.own_guest =
        lane.embedded ? guest_in_host(options, files) : OwnGuest{boot_command(options, files), {}};
    return lane.run(spec, places, listener);
}

Choice choose_lane_of(const BootOptions& options) {
    const bool names_host = options.kernel && options.lane == "auto";
    return choose_lane(options.lane, {.embedded = options.no_npt             ? "--no-npt"
                                                  : options.histograms       ? "--histograms"
                                                  : !options.tree.empty()    ? "--tree"
                                                  : !options.modules.empty() ? "--modules"
                                                  : names_host               ? "--kernel"
                                                                             : ""});
}

// With the lane's defaults.
BootOptions settled(BootOptions options, const Lane& lane) {
    if (const auto built = Places::find(options.build).kernels();
        !options.kernel && options.kernel_image.empty() && !built.empty())
        options.kernel = built.front();
    if (lane.embedded && options.memory > most_memory)
        throw usage_error("--memory {}: an embedded host has 512 MiB for all, and at most {} for the "
                          "guest: use --lane native",
                          options.memory, most_memory);
    if (options.work == 0) options.work = lane.slow ? 1 : 2;
    return options;
}

} // namespace

int run_boot(const BootOptions& asked) {
    require_directories_of({asked.json, asked.junit});
    const auto choice = choose_lane_of(asked);
    const auto options = settled(asked, *choice.lane);
    const auto budget = read_budget(options.budget, "boot", choice.lane->name); // before minutes of running
    if (!choice.why.empty()) say("exitaudit: {} lane: {}\n", choice.lane->name, choice.why);

    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    const auto report = [&](std::string_view what) { say("exitaudit: {:.1f} s: {}\n", seconds(), what); };
    BootLog log;
    const Listener listener{
        by_line([&](const std::string& text) {
            const auto said = log.line(text);
            if (said.starts_with("#phase "))
                report(said.substr(1));
            else if (options.verbose && !said.empty())
                say("{}\n", said);
        }),
        report,
        [&](std::string_view text) {
            if (options.verbose) say("{}\n", text);
        },
        [] {},
    };
    const auto session = run_lane(*choice.lane, options, listener);

    BootOutcome outcome;
    auto host = session.witness ? session.witness->results() : std::vector<HostResult>{};
    if (log.ended() && log.started()) host.push_back(phases_reached(log, options));
    if (!log.readings().empty()) host.push_back(judge_guest_read(log));
    outcome.circumstances = circumstances_of(*choice.lane, session, seconds(), std::move(host));
    outcome.verdict = judge_boot(session, log, options, outcome.circumstances.host);
    const auto document = with_budget(budget, outcome.verdict, outcome.circumstances,
                                      [&] { return boot_document(log, outcome, options); });
    if (log.sampled() && log.started()) fmt::print("{}", boot_text(log, outcome));
    for (const auto& line : host_lines(outcome.circumstances.host)) fmt::print("{}\n", line);
    if (!outcome.verdict.complete)
        for (const auto& line : session.console) say("  {}\n", line);
    std::fflush(stdout);
    say("exitaudit: {}\n", verdict_line(outcome.verdict, outcome.circumstances));
    write_documents(options.json, options.junit, document);
    return session.ending.how == Ending::How::interrupted ? 128 + session.ending.status
                                                          : static_cast<int>(outcome.verdict.code);
}

} // namespace exitaudit
