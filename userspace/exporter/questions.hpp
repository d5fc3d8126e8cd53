// SPDX-License-Identifier: GPL-2.0-only
// What takes its time to answer is answered in a thread of its own, one question after the other, while the server goes
// on with all the others.
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

    // waiting: so many at most.
    explicit Questions(std::size_t most_waiting);
    ~Questions() { stop(); }
    Questions(const Questions&) = delete;
    Questions& operator=(const Questions&) = delete;

    // False: too many wait, or there can be no thread.
    bool ask(Question question, Taker taker);

    // Readable when there is something to deliver.
    int descriptor() const { return done_.get(); }
    void deliver();

    // Whoever waits gets no answer any more. The question that is being answered is waited for.
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
