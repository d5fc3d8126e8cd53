// SPDX-License-Identifier: GPL-2.0-only
#include "questions.hpp"

#include <malloc.h>
#include <sys/eventfd.h>

#include <exception>
#include <system_error>
#include <utility>

namespace kmon::exporter {

namespace {

Answer answer_or_why_not(const Questions::Question& question) {
    try {
        return question();
    } catch (const std::exception& error) { // there is no memory left, say
        return words(500, error.what());
    }
}

} // namespace

Questions::Questions(std::size_t most_waiting)
    : most_waiting_(most_waiting), done_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

bool Questions::ask(Question question, Taker taker) {
    const std::lock_guard guard(mutex_);
    if (!done_ || stop_ || waiting_.size() >= most_waiting_) return false;
    try {
        if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
    } catch (const std::system_error&) {
        return false;
    }
    waiting_.push_back({std::move(question), std::move(taker)});
    wake_.notify_one();
    return true;
}

void Questions::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
        if (stop_) return;
        auto one = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        one.answer = answer_or_why_not(one.question);
#ifdef __GLIBC__
        (void)::malloc_trim(0); // it may have taken three times as much as all else does
#endif
        lock.lock();
        answered_.push_back(std::move(one));
        (void)::eventfd_write(done_.get(), 1);
    }
}

void Questions::deliver() {
    std::vector<One> answered;
    {
        const std::lock_guard guard(mutex_);
        eventfd_t ignored = 0;
        if (done_) (void)::eventfd_read(done_.get(), &ignored);
        answered.swap(answered_);
    }
    for (auto& one : answered)
        one.taker(std::move(one.answer));
}

void Questions::stop() {
    {
        const std::lock_guard guard(mutex_);
        stop_ = true;
        waiting_.clear();
        wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
}

} // namespace kmon::exporter
