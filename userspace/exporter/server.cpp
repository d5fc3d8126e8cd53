// SPDX-License-Identifier: GPL-2.0-only
#include "server.hpp"

#include <microhttpd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <list>
#include <optional>
#include <string_view>
#include <utility>

#include "answers.hpp"
#include "questions.hpp"
#include "release.hpp"

namespace kmon::exporter {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;
using Response = std::unique_ptr<MHD_Response, Release<MHD_destroy_response>>;

// libmicrohttpd's own timeout is for connections that do nothing at all. Ours also end those that do too little.
constexpr unsigned seconds_of_silence = 150;

// What a browser may do with these answers: nothing that involves another host.
constexpr std::pair<const char*, const char*> safety[] = {
    {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                                "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

struct Connection {
    MHD_Connection* of = nullptr;
    int fd = -1;
    enum { waiting, asking, answering, streaming, ending } state = waiting;
    bool loopback = false;
    bool first = true; // request
    Clock::time_point since;
    std::optional<Answer> answer{}; // to what was asked of Questions
};

struct Stream {
    MHD_Connection* connection = nullptr;
    Connection* about = nullptr;
    std::size_t top = 0;
    Text event{};         // being sent
    std::size_t sent = 0; // of it
    Clock::time_point since{};
    bool suspended = false;
};

void forget_text(void* text) { delete static_cast<Text*>(text); }

// The text is shared by all clients; it is kept as long as it is being sent to one.
Response response_of(const Text& text) {
    auto* const kept = new Text(text);
    auto* bytes = const_cast<char*>(text->data()); // libmicrohttpd only reads them
    Response response(MHD_create_response_from_buffer_with_free_callback_cls(text->size(), bytes, forget_text, kept));
    if (!response) delete kept;
    return response;
}

std::string header(MHD_Connection* connection, const char* name) {
    const char* value = ::MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value ? value : "";
}

// If an argument is given twice, the first one counts.
MHD_Result add_argument(void* arguments, MHD_ValueKind /*kind*/, const char* name, std::size_t name_size,
                        const char* value, std::size_t value_size) {
    static_cast<Arguments*>(arguments)->emplace(std::string(name, name_size),
                                                value ? std::string(value, value_size) : std::string());
    return MHD_YES;
}

Arguments arguments_of(MHD_Connection* connection) {
    Arguments arguments;
    ::MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, add_argument, &arguments);
    return arguments;
}

class HttpServer : public Server {
public:
    HttpServer(Readings readings, Users users, const Limits& limits)
        : readings_(std::move(readings)), users_(std::move(users)), limits_(limits), questions_(limits.questions) {}
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer() override;

    Result<void> listen(Socket socket, const std::optional<Tls>& tls);

    std::vector<int> descriptors() const override;
    std::optional<Milliseconds> time_left() const override;
    void work() override;

    std::size_t connections() const override { return connections_.size(); }
    std::size_t streams() const override { return streams_.size(); }
    const Readings& readings() const override { return readings_; }

private:
    struct Stop {
        void operator()(MHD_Daemon* daemon) const { ::MHD_stop_daemon(daemon); }
    };
    struct Listener {
        std::unique_ptr<MHD_Daemon, Stop> daemon;
        int epoll = -1;
    };

    static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                                 const char* version, const char* data, std::size_t* data_size, void** request);
    static void on_completed(void* self, MHD_Connection* connection, void** about, MHD_RequestTerminationCode code);
    static void on_connection(void* self, MHD_Connection* connection, void** about,
                              MHD_ConnectionNotificationCode code);
    static ssize_t on_stream(void* stream, std::uint64_t position, char* room, std::size_t size);
    static void on_stream_end(void* stream);

    MHD_Result answer(MHD_Connection* connection, const Asked& asked);
    MHD_Result answer_later(MHD_Connection* connection, Connection& about, std::function<Answer()> question);
    MHD_Result send(MHD_Connection* connection, const Answer& answer);
    Response begin_stream(MHD_Connection* connection, Connection& about, std::size_t top);
    void add_connection(Connection& connection);
    void hold(const Text& text);
    std::size_t held() const;
    bool show_out_the_longest(int state, const Connection* but = nullptr);
    void show_out_the_slow(Clock::time_point now);
    void send_events(Clock::time_point now);
    Milliseconds patience_with(const Connection& connection) const;

    Readings readings_;
    Users users_;
    Limits limits_;
    std::vector<Listener> listeners_;
    std::list<Connection> connections_;
    struct StreamOf {
        HttpServer* server;
        Stream stream;
    };
    std::list<StreamOf> streams_;
    Clock::time_point next_event_;
    std::vector<std::weak_ptr<const std::string>> held_; // by those to whom it is being sent
    Questions questions_;
    bool ending_ = false;
};

Connection* about(MHD_Connection* connection) {
    const auto* info = ::MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? static_cast<Connection*>(info->socket_context) : nullptr;
}

// ---- connections

void HttpServer::on_connection(void* self, MHD_Connection* connection, void** about,
                               MHD_ConnectionNotificationCode code) {
    auto& server = *static_cast<HttpServer*>(self);
    auto& connections = server.connections_;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        auto& added = connections.emplace_back();
        const auto* info = ::MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        added.of = connection;
        added.fd = info ? info->connect_fd : -1;
        added.loopback = came_over_loopback(added.fd);
        added.since = Clock::now();
        *about = &added;
        // First those that send nothing, then those that do not read their answer.
        if (connections.size() > server.limits_.connections)
            (void)(server.show_out_the_longest(Connection::waiting) ||
                   server.show_out_the_longest(Connection::answering));
    } else {
        connections.remove_if([&](const Connection& one) { return &one == *about; });
        *about = nullptr;
    }
}

// libmicrohttpd notices in its next turn that the connection is closed, and releases it.
void end(Connection& connection) {
    ::shutdown(connection.fd, SHUT_RDWR);
    connection.state = Connection::ending;
}

bool has_a_limit(const Connection& connection) {
    return connection.state == Connection::waiting || connection.state == Connection::answering;
}

// Closes the connection that has been in that state the longest. False: there is none.
bool HttpServer::show_out_the_longest(int state, const Connection* but) {
    Connection* longest = nullptr;
    for (auto& one : connections_)
        if (one.state == state && &one != but && (longest == nullptr || one.since < longest->since)) longest = &one;
    if (longest != nullptr) end(*longest);
    return longest != nullptr;
}

Milliseconds HttpServer::patience_with(const Connection& connection) const {
    switch (connection.state) {
    case Connection::waiting: return connection.first ? limits_.first_request : limits_.next_request;
    case Connection::answering: return limits_.answer;
    case Connection::asking:
    case Connection::streaming:
    case Connection::ending: break;
    }
    return Milliseconds::max();
}

void HttpServer::show_out_the_slow(Clock::time_point now) {
    for (auto& connection : connections_)
        if (has_a_limit(connection) && now - connection.since >= patience_with(connection)) end(connection);
    for (auto& [server, stream] : streams_)
        if (stream.event && now - stream.since >= limits_.answer) end(*stream.about);
}

// ---- requests

// Called when the header is there, for each piece of a body, and when the request is complete. An answer before that
// ends the connection, which suits us: nobody needs to send a body.
MHD_Result HttpServer::on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                                  const char* /*version*/, const char* /*data*/, std::size_t* data_size,
                                  void** request) {
    auto* const known = about(connection);
    if (known && (!*request || known->answer)) {
        known->state = Connection::answering;
        known->since = Clock::now();
    }
    if (known && known->answer)
        return static_cast<HttpServer*>(self)->send(connection, *std::exchange(known->answer, std::nullopt));
    const bool only_reads = std::string_view(method) == "GET" || std::string_view(method) == "HEAD";
    if (only_reads && (!*request || *data_size != 0)) {
        *request = self;
        *data_size = 0; // ignore it
        return MHD_YES;
    }
    return static_cast<HttpServer*>(self)->answer(connection, {.method = method,
                                                               .path = url,
                                                               .arguments = arguments_of(connection),
                                                               .accept = header(connection, "Accept"),
                                                               .authorization = header(connection, "Authorization"),
                                                               .host = header(connection, "Host"),
                                                               .loopback = known && known->loopback});
}

void HttpServer::on_completed(void* /*self*/, MHD_Connection* connection, void** /*about*/,
                              MHD_RequestTerminationCode /*code*/) {
    if (auto* const known = about(connection)) {
        known->state = Connection::waiting;
        known->first = false;
        known->since = Clock::now();
    }
}

MHD_Result HttpServer::answer(MHD_Connection* connection, const Asked& asked) {
    auto answer = answer_to(asked, readings_, users_);
    auto* const known = about(connection);
    if (answer.later && known) return answer_later(connection, *known, std::move(answer.later));
    if (answer.stream && (streams_.size() >= limits_.streams || !known))
        answer = words(503, "too many streams; try again later");
    return send(connection, answer);
}

// The connection rests until the answer is there; then on_request() is called once more.
MHD_Result HttpServer::answer_later(MHD_Connection* connection, Connection& about, std::function<Answer()> question) {
    const auto take = [&about](Answer answer) {
        about.answer = std::move(answer);
        ::MHD_resume_connection(about.of);
    };
    if (held() > limits_.held) return send(connection, words(503, "too many are being sent their answers; try again"));
    if (!questions_.ask(std::move(question), take))
        return send(connection, words(503, "too many ask for the history; try again later"));
    about.state = Connection::asking;
    ::MHD_suspend_connection(connection);
    return MHD_YES;
}

void HttpServer::hold(const Text& text) {
    std::erase_if(held_, [&](const auto& one) { return one.expired() || one.lock() == text; });
    if (text) held_.push_back(text);
}

std::size_t HttpServer::held() const {
    std::size_t bytes = 0;
    for (const auto& one : held_)
        if (const auto text = one.lock()) bytes += text->size();
    return bytes;
}

MHD_Result HttpServer::send(MHD_Connection* connection, const Answer& answer) {
    const auto response =
        answer.stream ? begin_stream(connection, *about(connection), *answer.stream) : response_of(answer.body);
    if (!response) return MHD_NO;
    // A client that does not read its answers must not fill the memory with them.
    hold(answer.body);
    if (held() > limits_.held) (void)show_out_the_longest(Connection::answering, about(connection));
    const auto add = [&](const char* name, const char* value) {
        ::MHD_add_response_header(response.get(), name, value);
    };
    add("Content-Type", answer.type);
    add("Cache-Control", answer.caching);
    for (const auto& [name, value] : safety)
        add(name, value);
    if (answer.status == 405) add("Allow", "GET, HEAD");
    if (answer.status == 401) add("WWW-Authenticate", "Basic realm=\"kmon\", charset=\"UTF-8\"");
    if (answer.status == 429 || answer.status == 503) add("Retry-After", "1");
    // Do not wait for the rest of the request.
    if (answer.status == 405) add("Connection", "close");
    if (answer.stream) add("X-Accel-Buffering", "no"); // nginx would collect events
    return ::MHD_queue_response(connection, answer.status, response.get());
}

// ---- streams

Response HttpServer::begin_stream(MHD_Connection* connection, Connection& about, std::size_t top) {
    constexpr std::size_t piece = 4096;
    streams_.push_back({this, {.connection = connection, .about = &about, .top = top}});
    auto& stream = streams_.back().stream;
    stream.event = event_of(readings_.stats(top));
    stream.since = Clock::now();
    if (streams_.size() == 1) next_event_ = Clock::now() + limits_.event;
    about.state = Connection::streaming;
    Response response(
        ::MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, piece, on_stream, &streams_.back(), on_stream_end));
    if (!response) streams_.pop_back();
    return response;
}

// Returns what there is to send. If there is nothing, the connection is suspended until there is.
ssize_t HttpServer::on_stream(void* self, std::uint64_t /*position*/, char* room, std::size_t size) {
    auto& [server, stream] = *static_cast<StreamOf*>(self);
    if (server->ending_) return MHD_CONTENT_READER_END_OF_STREAM;
    if (!stream.event) {
        stream.suspended = true;
        ::MHD_suspend_connection(stream.connection);
        return 0;
    }
    const auto now = std::min(size, stream.event->size() - stream.sent);
    std::memcpy(room, stream.event->data() + stream.sent, now);
    stream.sent += now;
    if (stream.sent == stream.event->size()) stream.event.reset();
    return static_cast<ssize_t>(now);
}

void HttpServer::on_stream_end(void* self) {
    auto* const ended = static_cast<StreamOf*>(self);
    ended->server->streams_.remove_if([&](const StreamOf& one) { return &one == ended; });
}

// Sends an event to clients that have received the previous one; the others get the next one. So no client lags behind
// by two.
void HttpServer::send_events(Clock::time_point now) {
    if (streams_.empty() || now < next_event_) return;
    next_event_ = std::max(next_event_ + limits_.event, now);
    std::map<std::size_t, Text> events;
    for (auto& [server, stream] : streams_) {
        if (stream.event) continue;
        auto& event = events[stream.top];
        if (!event) event = event_of(readings_.stats(stream.top));
        stream.event = event;
        stream.sent = 0;
        stream.since = now;
        if (stream.suspended) {
            stream.suspended = false;
            ::MHD_resume_connection(stream.connection);
        }
    }
}

// ---- the server as a whole

void HttpServer::work() {
    const auto now = Clock::now();
    questions_.deliver();
    send_events(now);
    show_out_the_slow(now);
    for (const auto& listener : listeners_)
        ::MHD_run(listener.daemon.get());
}

std::vector<int> HttpServer::descriptors() const {
    std::vector<int> all;
    for (const auto& listener : listeners_)
        all.push_back(listener.epoll);
    all.push_back(questions_.descriptor());
    return all;
}

std::optional<Milliseconds> HttpServer::time_left() const {
    std::optional<Milliseconds> left;
    const auto at_most = [&](Milliseconds time) { left = std::clamp(time, 0ms, left.value_or(Milliseconds::max())); };
    const auto until = [now = Clock::now()](Clock::time_point then) {
        return std::chrono::ceil<Milliseconds>(then - now);
    };
    for (const auto& listener : listeners_) {
        MHD_UNSIGNED_LONG_LONG own = 0;
        if (::MHD_get_timeout(listener.daemon.get(), &own) == MHD_YES)
            at_most(Milliseconds(std::min<MHD_UNSIGNED_LONG_LONG>(own, 3'600'000)));
    }
    for (const auto& connection : connections_)
        if (has_a_limit(connection)) at_most(until(connection.since + patience_with(connection)));
    if (!streams_.empty()) at_most(until(next_event_));
    return left;
}

Result<void> HttpServer::listen(Socket socket, const std::optional<Tls>& tls) {
    unsigned flags = MHD_USE_EPOLL | MHD_USE_SUSPEND_RESUME;
    const bool encrypted = tls && !socket.local_file;
    std::vector<MHD_OptionItem> options = {
        {MHD_OPTION_LISTEN_SOCKET, socket.fd.get(), nullptr},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, static_cast<std::intptr_t>(limits_.memory), nullptr},
        // Higher than our own limit, so that a new client is accepted before another is closed.
        {MHD_OPTION_CONNECTION_LIMIT, static_cast<std::intptr_t>(2 * limits_.connections + 16), nullptr},
        {MHD_OPTION_CONNECTION_TIMEOUT, seconds_of_silence, nullptr},
    };
    if (encrypted) {
        flags |= MHD_USE_TLS;
        options.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, const_cast<char*>(tls->certificate.c_str())});
        options.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, const_cast<char*>(tls->key.c_str())});
    }
    options.push_back({MHD_OPTION_END, 0, nullptr});
    Listener listener;
    listener.daemon.reset(::MHD_start_daemon(flags, 0, nullptr, nullptr, on_request, this, MHD_OPTION_NOTIFY_COMPLETED,
                                             on_completed, this, MHD_OPTION_NOTIFY_CONNECTION, on_connection, this,
                                             MHD_OPTION_ARRAY, options.data(), MHD_OPTION_END));
    if (!listener.daemon)
        return fail("cannot serve at " + socket.address + (encrypted ? ": are certificate and key in PEM?" : ""));
    (void)socket.fd.release(); // libmicrohttpd's daemon owns it now
    const auto* info = ::MHD_get_daemon_info(listener.daemon.get(), MHD_DAEMON_INFO_EPOLL_FD);
    listener.epoll = info ? info->epoll_fd : -1;
    listeners_.push_back(std::move(listener));
    return {};
}

// A suspended connection cannot be closed, so resume all.
HttpServer::~HttpServer() {
    ending_ = true;
    questions_.stop();
    questions_.deliver();
    for (auto& connection : connections_) {
        if (connection.state != Connection::asking || connection.answer) continue;
        connection.answer = words(503, "kmon-exporter ends");
        ::MHD_resume_connection(connection.of);
    }
    for (auto& [server, stream] : streams_)
        if (stream.suspended) ::MHD_resume_connection(stream.connection);
    for (const auto& listener : listeners_)
        ::MHD_run(listener.daemon.get());
    listeners_.clear();
}

} // namespace

Result<std::unique_ptr<Server>> Server::open(std::vector<Socket> sockets, const std::optional<Tls>& tls,
                                             Readings readings, Users users, const Limits& limits) {
    auto server = std::make_unique<HttpServer>(std::move(readings), std::move(users), limits);
    for (auto& socket : sockets)
        if (auto listening = server->listen(std::move(socket), tls); !listening) return fail(listening.error());
    return server;
}

} // namespace kmon::exporter
