/* SPDX-License-Identifier: MIT */
/* The same from C++: containers and a thread's own objects on cc_alloc. */
#include <cstdio>
#include <new>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <ccmem/alloc.h>
#include <ccmem/allocator.h>
#include <ccmem/backend.h>
#include <ccmem/info.h>
#include <ccmem/result.h>
#include <ccmem/version.h>

template <class T> struct on_ccmem {
    using value_type = T;

    on_ccmem() = default;
    template <class U> on_ccmem(const on_ccmem<U> &)
    {
    }

    T *allocate(std::size_t n)
    {
        void *p = cc_alloc_aligned(n * sizeof(T), alignof(T));
        if (!p)
            throw std::bad_alloc();
        return static_cast<T *>(p);
    }
    void deallocate(T *p, std::size_t n)
    {
        cc_free_aligned(p, n * sizeof(T), alignof(T));
    }
    friend bool operator==(const on_ccmem &, const on_ccmem &)
    {
        return true;
    }
    friend bool operator!=(const on_ccmem &, const on_ccmem &)
    {
        return false;
    }
};

using numbers = std::vector<int, on_ccmem<int>>;
using text    = std::basic_string<char, std::char_traits<char>, on_ccmem<char>>;

/* Destroyed while the thread exits. */
static thread_local numbers remembered;

static int sum_in_a_thread()
{
    int sum = 0;

    std::thread([&sum] {
        remembered.resize(1000);
        std::iota(remembered.begin(), remembered.end(), 0);
        sum = std::accumulate(remembered.begin(), remembered.end(), 0);
    }).join();
    return sum;
}

int main()
{
    cc_alloc_stats_enable(true);
    bool right = sum_in_a_thread() == 999 * 1000 / 2;
    {
        text version(cc_version());
        version.append(1000, '.');
        right = right && version.size() > 1000;
    }
    right = right && cc_alloc_stats_snapshot().current_allocated == 0;
    if (!right || std::puts(cc_version()) < 0) {
        std::fprintf(stderr, "consumer: %s\n", cc_result_text(CC_RESULT_INVALID));
        return 1;
    }
    return 0;
}
