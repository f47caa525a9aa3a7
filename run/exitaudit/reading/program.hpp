// Somebody's source with the facts about it: what the rules ask.
#pragma once

#include "exitaudit/reading/facts.hpp"
#include "exitaudit/reading/source.hpp"

namespace exitaudit::grade {

// A fault in the source.
struct Remark {
    Finding note;
    std::string place;               // like vmx.c:6535
    std::vector<std::string> causes; // that an audit finds if it is this fault
};

// The code of these lines, on one line.
std::string code_of(const CSource& source, LineRange range);

class Program {
public:
    Program(const std::vector<PlacedFile>& files, Facts facts);

    const Facts& facts() const { return facts_; }

    // Of this kind, in lines that were added and are compiled whatever is configured.
    std::vector<Fact> added(std::string_view kind) const;
    bool is_added(const Fact& fact) const;
    // Like vmx.c:6535, as handed in. The line must be one that was added.
    std::string place(const Fact& fact) const;
    const CSource& source(const Fact& fact) const { return sources_.at(fact.path); }

    // Is it in a function that vCPUs run on exits, or in one that such a function calls?
    bool is_on_exit_path(const Fact& fact) const { return exit_path_.contains(fact.function); }
    // Is it in KVM's own function for exits or queries, which nothing of theirs runs only at times?
    bool is_in_exit_function(const Fact& fact) const;
    // Is it in a function for queries that no line of theirs calls? What calls it may test what it does not.
    bool is_in_query_function(const Fact& fact) const;
    // A variable at file scope that was added, and holds numbers.
    bool is_global_number(const std::string& name) const;
    // Elements of an array at file scope that was added.
    std::optional<unsigned long> elements(const std::string& array) const;
    // The value of a number, a macro that was added, or a sum of these.
    std::optional<unsigned long> value(const std::string& expression) const;
    // Is the expression the reason of an exit, and no vCPU's number?
    bool is_exit_reason(const std::string& index, const Fact& in) const;

    // Is one of these tested, or handed to a function that may test it?
    bool is_tested(const Names& names, const Fact& in, bool only_added) const;
    // The functions that get it as an argument and may test it.
    Names functions_given(const std::string& name, const Fact& in) const;
    // Does a switch in this function depend on it, or does something like %= change it?
    bool is_switched_or_changed(const std::string& name, const Fact& in) const;
    // What must be so that the line is run: the heads of the blocks round it, and an if or else above it. The
    // function's own head is not among them.
    std::vector<std::string> conditions(const Fact& fact) const;
private:
    std::vector<PlacedFile> files_;
    std::map<std::string, CSource> sources_;
    std::map<std::string, std::set<std::size_t>> optional_lines_; // in an #if that was added
    std::map<std::string, unsigned long> macros_;
    Facts facts_;
    Names exit_path_;
};

} // namespace exitaudit::grade
