// What monitoring and spreadsheets read: OpenMetrics and CSV.
#pragma once

#include "exitaudit/read/rates.hpp"

namespace exitaudit {

// OpenMetrics 1.0: a counter for each figure, with a sample for each exit that has happened, and a histogram
// if there are buckets and they are wanted. Prometheus's older text format, which node_exporter reads, takes
// it as well.
std::string openmetrics_of(const std::vector<Row>& rows, ledger::Numbering numbering, bool histograms = true);

// A reading, with a line of column names. What the host does not report is empty.
std::string csv_of(const std::vector<Row>& rows, ledger::Numbering numbering);

// A reading's buckets that are not empty, with a line of column names.
std::string buckets_csv_of(const std::vector<Row>& rows, ledger::Numbering numbering);

// The columns of csv_of() with rates between samples like this.
std::string csv_header(const Sample& sample);

// Rates at a time of day, without column names.
std::string csv_of(const Rates& rates, const std::string& time);

} // namespace exitaudit
