// SPDX-License-Identifier: MIT
// truth_places.cpp - allocates where places are hard to name: in inlined functions, in templates, in a
// lambda, at two lines of one function. Leaves some blocks, and none of others.
#include <cstdlib>
#include <vector>

#define NOINLINE __attribute__((noinline, noclone))
#define INLINE   __attribute__((always_inline)) inline

namespace
{

struct Node {
    char bytes[48];
};

// Keeps the call before from being the function's last, which would leave no frame.
INLINE void *kept(void *p)
{
    __asm__ volatile("" ::"r"(p) : "memory");
    return p;
}

INLINE void *inner(std::size_t size)
{
    return kept(std::malloc(size));
}

INLINE void *middle(std::size_t size)
{
    return inner(size);
}

NOINLINE void *build()
{
    return kept(middle(sizeof(Node)));
}

template <typename Item, int count> NOINLINE void *take()
{
    return kept(std::malloc(sizeof(Item) * count));
}

NOINLINE void two_lines(std::vector<void *> &held)
{
    held.push_back(kept(std::malloc(1000)));
    held.push_back(kept(std::malloc(2000)));
}

NOINLINE void run()
{
    std::vector<void *> held;
    auto                lambda = [](int size) NOINLINE { return kept(std::malloc(size)); };

    held.reserve(100);
    for (int i = 0; i < 10; i++)
        build(); // never freed
    for (int i = 0; i < 20; i++)
        std::free(take<Node, 3>());
    for (int i = 0; i < 5; i++)
        two_lines(held);
    held.push_back(lambda(500));
    for (void *p : held)
        std::free(p);
}

} // namespace

int main()
{
    run();
    return 0;
}
