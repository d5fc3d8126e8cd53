// SPDX-License-Identifier: GPL-2.0-only
#include <filesystem>

#include "command.hpp"
#include "file.hpp"
#include "metrics_page.hpp"
#include "number_text.hpp"

namespace kmon::cli {

namespace {

struct Options {
    std::string directory; // of node_exporter's text files; empty: print to standard output
    bool openmetrics = false;
    std::size_t top = standard_top;
};

// node_exporter may read *.prom while we write, so replace the file atomically. It runs as another user, so make it
// readable.
Result<ExitCode> write_textfile(const std::string& directory, const std::string& text) {
    const auto file = std::filesystem::path(directory) / "kmon.prom";
    if (const auto done = replace_file(file, text, 0644); !done) return fail(done.error());
    return ExitCode::ok;
}

// Works without any module, too: "not loaded" is itself a metric.
Result<ExitCode> metrics(Context& context, const Options& options) {
    const auto snapshot = take_snapshot(context.root, options.top);
    if (context.json) {
        context.out << to_text(metrics_json(context.root, snapshot, options.top)) << '\n';
        return ExitCode::ok;
    }
    const auto format = options.openmetrics ? MetricsFormat::openmetrics : MetricsFormat::prometheus;
    const auto text = metrics_text(context.root, snapshot, options.top, format);
    if (!options.directory.empty()) return write_textfile(options.directory, text);
    context.out << text;
    return ExitCode::ok;
}

} // namespace

void add_metrics(CLI::App& kmon, Context& context) {
    auto options = std::make_shared<Options>();
    auto& command = add_command(kmon, context, "metrics", "Print the counts as metrics for Prometheus",
                                [&context, options] { return metrics(context, *options); });
    auto* textfile =
        command
            .add_option("--textfile", options->directory, "Write DIR/kmon.prom, for node_exporter, instead of printing")
            ->type_name("DIR")
            ->excludes(command.get_option("--json"));
    command.add_flag("--openmetrics", options->openmetrics, "Print OpenMetrics 1.0 instead of Prometheus 0.0.4")
        ->excludes(textfile)
        ->excludes(command.get_option("--json"));
    command.add_option("--top", options->top, "MAC addresses to show for each interface (default 100)")
        ->type_name("N")
        ->transform(CLI::Validator(CountFrom{0}, ""));
}

} // namespace kmon::cli
