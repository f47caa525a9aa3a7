// Selecting the ledger's lines: from the leaves to the names that their code introduces, and on to all code
// that uses these.
#include "exitaudit/submission/ledger_lines.hpp"

#include "exitaudit/support/pattern.hpp"

#include <algorithm>

namespace exitaudit::grade {
namespace {

// Each finds the code that uses names of the one before. A ledger needs a few; who writes more wants our
// time.
constexpr int most_passes = 50;

bool contains_any(const std::set<std::string>& words, const std::set<std::string>& names) {
    return std::ranges::any_of(words, [&](const auto& word) { return names.contains(word); });
}

bool prints(const std::string& code) {
    static const Pattern call("(^|[^A-Za-z_0-9])(printk(_ratelimited|_once)?|pr_[a-z_]+|trace_printk) ?\\(");
    return call.search(code).has_value();
}

// Does the code declare this variable, or assign to it?
bool sets(const std::string& code, const std::string& word) {
    for (auto at = code.find(word); at != std::string::npos; at = code.find(word, at + 1)) {
        const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
        if (at > 0 && (is_part(code[at - 1]) || code[at - 1] == '.' || code[at - 1] == '>')) continue;
        auto rest = std::string_view(code).substr(at + word.size());
        if (!rest.empty() && is_part(rest.front())) continue;
        while (rest.starts_with(' ')) rest.remove_prefix(1);
        if (rest.starts_with('=') ? !rest.starts_with("==") : at > 0 && rest.find_first_of(";,[") == 0)
            return true;
    }
    return false;
}

class Selection {
public:
    Selection(std::vector<ComparedFile>& files, const std::set<std::string>& known, Reach reach)
        : files_(files), known_(known), reach_(reach) {}

    std::set<std::string> operator()() {
        for (auto& file : files_) {
            file.kept.assign(file.theirs.lines().size(), false);
            find_declared(file);
        }
        grows_ = true;
        for (int pass = 0; grows_ && pass < most_passes; ++pass) {
            grows_ = false;
            for (auto& file : files_)
                for (const auto& item : file.theirs.items()) look_at(file, item);
            for (auto& file : files_) look_at_new_header(file);
        }
        return names_;
    }
private:
    // Names of new functions, variables and members of structs, which other kernels may use for something
    // else.
    void find_declared(const ComparedFile& file) {
        for (const auto& item : file.theirs.items()) {
            const auto kernels = lines_of_others(file, item);
            if (file.counterparts.contains(item.first) ? !item.key.starts_with("struct ") : !kernels.empty())
                continue;
            const auto last = item.has_body && !item.key.starts_with("struct ") ? item.first : item.last;
            for (auto line = item.first; line <= last; ++line)
                if (file.is_added(line) && !kernels.contains(squeezed(file.theirs.code(line))))
                    find_declared(file.theirs.code(line), item.key);
        }
    }

    void find_declared(const std::string& code, const std::string& key) {
        if (code.starts_with('#')) return;
        for (const auto& word : identifiers(code))
            if (key == word || (code.find('(') == std::string::npos && sets(code, word)))
                declared_.insert(word);
    }

    // Of a function that our kernel has, or another item.
    void look_at(ComparedFile& file, const Item& item) {
        const auto key = std::pair(&file, item.first);
        bool has_kept = false;
        for (auto line = item.first; line <= item.last; ++line) {
            if (!file.is_added(line)) continue;
            const auto& code = file.theirs.code(line);
            if (!file.kept[line] && (has_leaf(code) || is_of(identifiers(code), locals_[key])))
                keep(file, item, line);
            has_kept |= file.kept[line];
        }
        if (!has_kept || !file.counterparts.contains(item.first)) return;
        find_locals(file, item, locals_[key]);
        const auto kernels = lines_of_others(file, item);
        for (auto line = item.first; line <= item.last; ++line)
            if (file.is_added(line) && !file.kept[line] &&
                !kernels.contains(squeezed(file.theirs.code(line))) &&
                (prints(file.theirs.code(line)) ||
                 (reach_ == Reach::neighbours &&
                  (kept_beside(file, line, -1) || kept_beside(file, line, 1)))))
                keep(file, item, line);
    }

    // A header that no kernel has, with names of the ledger's, is taken as it is, and so is what includes it.
    void look_at_new_header(ComparedFile& file) {
        const auto has_lines = [](const CSource& source) { return !source.lines().empty(); };
        if (!file.path.ends_with(".h") || has_lines(file.ours) ||
            std::ranges::any_of(file.others, has_lines) ||
            std::ranges::find(file.kept, false) == file.kept.end())
            return;
        std::set<std::string> words;
        for (std::size_t line = 0; line < file.kept.size(); ++line)
            words.merge(identifiers(file.theirs.code(line)));
        if (!contains_any(words, names_)) return;
        for (std::size_t line = 0; line < file.kept.size(); ++line) mark(file, line);
        const auto name = file.path.substr(file.path.rfind('/') + 1);
        for (auto& other : files_)
            for (std::size_t line = 0; line < other.kept.size(); ++line)
                if (other.theirs.code(line).starts_with("#include") &&
                    includes(other.theirs.lines()[line], name))
                    mark(other, line);
    }

    static bool includes(const std::string& line, const std::string& header) {
        const auto at = line.find(header);
        return at != std::string::npos && at > 0 &&
               std::string_view("\"</").find(line[at - 1]) != std::string::npos;
    }

    bool is_of(const std::set<std::string>& words, const std::set<std::string>& locals) const {
        return contains_any(words, names_) || contains_any(words, locals);
    }

    // Is the next line that is not blank, in this direction, one that is kept?
    static bool kept_beside(const ComparedFile& file, std::size_t line, int step) {
        for (auto at = line + static_cast<std::size_t>(step); at < file.kept.size();
             at += static_cast<std::size_t>(step))
            if (!file.theirs.code(at).empty()) return file.kept[at];
        return false;
    }

    // Variables of the function that kept lines use, and our function lacks.
    void find_locals(const ComparedFile& file, const Item& item, std::set<std::string>& locals) const {
        std::set<std::string> ours, used;
        const auto* counterpart = file.counterparts.at(item.first);
        for (auto line = counterpart->first; line <= counterpart->last; ++line)
            ours.merge(identifiers(file.ours.code(line)));
        for (auto line = item.first; line <= item.last; ++line)
            if (file.kept[line]) used.merge(identifiers(file.theirs.code(line)));
        for (auto line = item.first; line <= item.last; ++line) {
            if (!file.is_added(line)) continue;
            for (const auto& word : identifiers(file.theirs.code(line)))
                if (used.contains(word) && !ours.contains(word) && sets(file.theirs.code(line), word))
                    locals.insert(word);
        }
    }

    // What other kernels have in the same function, without white space.
    static std::set<std::string> lines_of_others(const ComparedFile& file, const Item& item) {
        std::set<std::string> lines;
        for (const auto& other : file.others)
            if (const auto* same = other.find(item.key))
                for (auto line = same->first; line <= same->last; ++line)
                    lines.insert(squeezed(other.code(line)));
        return lines;
    }

    // With the statement, the blocks that it opens or closes and the added blocks that it is in.
    void keep(ComparedFile& file, const Item& item, std::size_t line) {
        // A new item is theirs as a whole.
        if (!file.counterparts.contains(item.first)) {
            for (auto at = item.first; at <= item.last; ++at) mark(file, at);
            return;
        }
        std::vector<std::size_t> open{line};
        const auto mark_all = [&](LineRange lines) {
            for (auto at = lines.first; at <= lines.last; ++at)
                if (mark(file, at)) open.push_back(at);
        };
        while (!open.empty()) {
            const auto at = open.back();
            open.pop_back();
            mark_all(file.theirs.statement(at));
            for (const auto partner : file.theirs.partners(at))
                if (file.is_added(at)) mark_all({partner > at ? at : partner, partner});
            for (const auto opener : file.theirs.enclosing(at)) mark_all({opener, opener});
        }
    }

    // True if it is kept from now on.
    bool mark(ComparedFile& file, std::size_t line) {
        if (!file.is_added(line) || file.kept[line]) return false;
        file.kept[line] = grows_ = true;
        for (const auto& word : identifiers(file.theirs.code(line)))
            if (!known_.contains(word) || declared_.contains(word)) names_.insert(word);
        return true;
    }

    std::vector<ComparedFile>& files_;
    const std::set<std::string>& known_;
    Reach reach_;
    std::set<std::string> names_, declared_;
    std::map<std::pair<const ComparedFile*, std::size_t>, std::set<std::string>> locals_;
    bool grows_ = false;
};

} // namespace

bool has_leaf(const std::string& text) {
    static const Pattern leaf("0x4f{6}[0-9a-f]|13421772(6[4-9]|7[0-9])", Pattern::Case::ignored);
    return leaf.search(text).has_value();
}

std::set<std::string> select_ledger_lines(std::vector<ComparedFile>& files,
                                          const std::set<std::string>& known, Reach reach) {
    return Selection(files, known, reach)();
}

} // namespace exitaudit::grade
