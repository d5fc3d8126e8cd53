// SPDX-License-Identifier: GPL-2.0-only
#include "command.hpp"
#include "host.hpp"
#include "json.hpp"
#include "modules/module_table.hpp"
#include "table.hpp"

namespace kmon::cli {

namespace {

Result<ExitCode> show_version(Context& context) {
    const auto host = read_host(context.root);
    Json modules = Json::object();
    Table table({{"", Column::left, 18}, {"", Column::left}});
    table.row({text_cell("kmon"), text_cell(kmon::version)});
    for (const auto& module : module_names()) {
        const auto loaded = loaded_version(context.root, module);
        modules[module] = loaded.empty() ? Json() : Json(loaded);
        table.row({text_cell(module), loaded.empty() ? text_cell("not loaded", Style::faint)
                                      : loaded == kmon::version
                                          ? text_cell(loaded)
                                          : text_cell(loaded + ", another version", Style::warning)});
    }
    table.row({text_cell("Linux"), text_cell(host.kernel)});

    if (context.json)
        context.out << to_text({{"kmon", kmon::version}, {"kernel", host.kernel}, {"modules", modules}}) << '\n';
    else
        print(context.out, table.page(context.columns, 0), context.colour);
    return ExitCode::ok;
}

} // namespace

void add_version(CLI::App& kmon, Context& context) {
    add_command(kmon, context, "version", "Show the version of kmon and of each loaded module",
                [&context] { return show_version(context); });
}

} // namespace kmon::cli
