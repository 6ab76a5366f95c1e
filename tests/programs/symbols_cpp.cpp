// SPDX-License-Identifier: MIT
// Names of C++: of namespaces, templates, overloads, functions of one file, lambdas.

#define LABEL(name) __asm__ volatile(".globl " #name "\n" #name ": nop")

namespace shapes
{

template <typename T> struct Box {
    T                              value;
    __attribute__((noinline)) void fill(const T &from)
    {
        value = from;
        LABEL(at_method);
    }
};

__attribute__((noinline)) void paint(int)
{
    LABEL(at_overload_int);
}

__attribute__((noinline)) void paint(double)
{
    LABEL(at_overload_double);
}

} // namespace shapes

namespace
{

__attribute__((noinline)) int hidden(int x)
{
    LABEL(at_hidden);
    return x + 1;
}

} // namespace

template <typename F> inline __attribute__((always_inline)) void apply(F f)
{
    f();
}

__attribute__((noinline)) void use_lambda()
{
    apply([]() __attribute__((always_inline)) { LABEL(at_lambda); });
}

int main(int argc, char **)
{
    shapes::Box<int> box;
    box.fill(argc);
    shapes::paint(argc);
    shapes::paint(1.0);
    use_lambda();
    return hidden(box.value) == 0;
}
