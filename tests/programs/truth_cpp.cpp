// SPDX-License-Identifier: MIT
// truth_cpp.cpp - every operator new and delete of C++17, and where C++ allocates on its own.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#define NOINLINE __attribute__((noinline, noclone))

namespace
{

struct alignas(64) Aligned {
    char bytes[128];
};

struct Counted {
    long value;
    ~Counted()
    {
        value = 0;
    }
};

// The compiler may leave out what nobody sees.
template <typename T> T *seen(T *p)
{
    __asm__ volatile("" : "+r"(p)::"memory");
    return p;
}

// Each pair of forms once a round.
NOINLINE void operators()
{
    const std::align_val_t wide{ 128 };

    ::operator delete(::operator new(101));
    ::operator delete[](::operator new[](102));
    ::operator delete(::operator new(103), 103);
    ::operator delete[](::operator new[](104), 104);
    ::operator delete(::operator new(105, std::nothrow), std::nothrow);
    ::operator delete[](::operator new[](106, std::nothrow), std::nothrow);
    ::operator delete(::operator new(107, wide), wide);
    ::operator delete[](::operator new[](108, wide), wide);
    ::operator delete(::operator new(109, wide), 109, wide);
    ::operator delete[](::operator new[](110, wide), 110, wide);
    ::operator delete(::operator new(111, wide, std::nothrow), wide, std::nothrow);
    ::operator delete[](::operator new[](112, wide, std::nothrow), wide, std::nothrow);
}

NOINLINE void expressions()
{
    delete seen(new int(1));
    delete seen(new Aligned);
    delete[] seen(new Counted[5]); // 8 bytes more, for the count
    std::unique_ptr<std::vector<int>> v(seen(new std::vector<int>(100)));
}

NOINLINE bool refused()
{
    const volatile size_t half = static_cast<size_t>(-1) / 2; // more than the compiler knows

    if (::operator new(half + 10, std::nothrow))
        return false;
    try {
        ::operator delete(::operator new(half + 10));
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

NOINLINE void nothing()
{
    ::operator delete(nullptr);
    ::operator delete[](nullptr);
    ::operator delete(nullptr, 10);
}

// libstdc++ allocates the exception itself.
NOINLINE void throws(int depth)
{
    if (depth == 0)
        throw std::runtime_error("out of a depth of frames that allocate on the way");
    std::string text(100, 'x');
    throws(depth - 1);
    text[0] = 'y';
}

NOINLINE int exceptions()
{
    int caught = 0;
    for (int i = 0; i < 100; i++)
        try {
            throws(5);
        } catch (const std::runtime_error &) {
            caught++;
        }
    return caught == 100 ? 0 : 1;
}

int exceptions_in_threads()
{
    std::vector<std::thread> threads;
    int                      results[4] = { 1, 1, 1, 1 };
    for (int &result : results)
        threads.emplace_back([&result] { result = exceptions(); });
    for (std::thread &t : threads)
        t.join();
    return results[0] + results[1] + results[2] + results[3];
}

int every_operator()
{
    for (int i = 0; i < 100; i++) {
        operators();
        expressions();
        nothing();
    }
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc > 1 && std::strcmp(argv[1], "operators") == 0)
        return every_operator();
    if (argc > 1 && std::strcmp(argv[1], "refused") == 0)
        return refused() ? 0 : 1;
    if (argc > 1 && std::strcmp(argv[1], "exceptions") == 0)
        return exceptions_in_threads();
    return 2;
}
