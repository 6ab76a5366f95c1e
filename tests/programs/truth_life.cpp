// SPDX-License-Identifier: MIT
// truth_life.cpp - allocations before main, after it, and at the ends of threads.
#include <cstdlib>
#include <pthread.h>
#include <thread>

#define NOINLINE __attribute__((noinline, noclone))

extern "C" {

NOINLINE void *in_constructor(void)
{
    return malloc(1000);
}

NOINLINE void in_destructor(void *p)
{
    free(p);
    free(malloc(1001));
}

NOINLINE void at_exit(void)
{
    free(malloc(1002));
}

NOINLINE void in_key_destructor(void *p)
{
    free(p);
    free(malloc(1003));
}

NOINLINE void *in_static_object(void)
{
    return malloc(1004);
}

NOINLINE void in_thread_local_destructor(void *p)
{
    free(p);
    free(malloc(1006));
}
}

namespace
{

void *held;

__attribute__((constructor)) void construct()
{
    held = in_constructor();
}

__attribute__((destructor)) void destruct()
{
    in_destructor(held);
}

struct Static {
    void *p = in_static_object();
    ~Static()
    {
        free(p);
    }
} object;

struct Local {
    void *p = malloc(1005);
    ~Local()
    {
        in_thread_local_destructor(p);
    }
};

thread_local Local local;
pthread_key_t      key;

void live_in_thread()
{
    void *touch = local.p; // makes the object
    __asm__ volatile("" ::"r"(touch));
    pthread_setspecific(key, malloc(1007));
}

} // namespace

int main()
{
    std::atexit(at_exit);
    pthread_key_create(&key, in_key_destructor);
    for (int i = 0; i < 10; i++)
        std::thread(live_in_thread).join();
    return 0;
}
