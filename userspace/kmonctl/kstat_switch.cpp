// SPDX-License-Identifier: GPL-2.0-only
#include "kstat_switch.hpp"

#include "format.hpp"
#include "json.hpp"
#include "modules/kstat.hpp"
#include "sysfs.hpp"

namespace kmon::cli {

Result<int> switch_kstat(Context& context, bool start) {
    if (const auto done = write_parameter(context.root, {"kstat", "start", start ? "1" : "0"}); !done)
        return fail(done.error());
    const auto view = read_kstat(context.root);
    if (!view) return fail(view.error());

    if (context.json)
        context.out << to_text({{"module", "kstat"}, {"running", view->running}, {"packets", view->packets}}) << '\n';
    else if (start)
        context.err << "kstat is counting, and publishes in steps of " << grouped(view->counter) << ".\n";
    else
        context.err << "kstat has stopped at " << grouped(view->packets) << " packets.\n";
    return ExitCode::ok;
}

} // namespace kmon::cli
