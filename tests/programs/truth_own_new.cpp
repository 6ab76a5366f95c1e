// SPDX-License-Identifier: MIT
// truth_own_new.cpp - a program that replaces operator new and delete, over malloc and free.
#include <cstdlib>
#include <new>

__attribute__((noinline)) void *operator new(size_t size)
{
    void *p = malloc(size + 16);
    if (!p)
        throw std::bad_alloc();
    return static_cast<char *>(p) + 16;
}

__attribute__((noinline)) void operator delete(void *p) noexcept
{
    if (p)
        free(static_cast<char *>(p) - 16);
}

__attribute__((noinline)) void operator delete(void *p, size_t) noexcept
{
    ::operator delete(p);
}

int main()
{
    for (int i = 0; i < 100; i++)
        ::operator delete(::operator new(84));
    for (int i = 0; i < 100; i++)
        ::operator delete[](::operator new[](184)); // libstdc++'s, which calls ours
    return 0;
}
