// SPDX-License-Identifier: GPL-2.0-only
// Answers slow questions in a thread of their own, one after the other, while the server goes on with everything else.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "answers.hpp"
#include "file_descriptor.hpp"

namespace kmon::exporter {

class Questions {
public:
    using Question = std::function<Answer()>;  // called in that thread
    using Taker = std::function<void(Answer)>; // called by deliver()

    // most_waiting: more questions than that are refused.
    explicit Questions(std::size_t most_waiting);
    ~Questions() { stop(); }
    Questions(const Questions&) = delete;
    Questions& operator=(const Questions&) = delete;

    // False: too many are waiting, or no thread could be started.
    bool ask(Question question, Taker taker);

    // Readable when there is something to deliver.
    int descriptor() const { return done_.get(); }
    void deliver();

    // Drops the waiting questions, and waits for the one that is being answered.
    void stop();

private:
    struct One {
        Question question;
        Taker taker;
        Answer answer{};
    };
    void work();

    std::size_t most_waiting_;
    FileDescriptor done_; // an eventfd
    std::mutex mutex_;    // of all below
    std::condition_variable wake_;
    std::deque<One> waiting_;
    std::vector<One> answered_;
    bool stop_ = false;
    std::thread thread_; // from the first question on
};

} // namespace kmon::exporter
