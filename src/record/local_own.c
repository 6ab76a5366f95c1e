/* SPDX-License-Identifier: MIT */
/* record/local_own.c - see record/local.h: which recorder. */
#include <dlfcn.h>
#include <string.h>
#include "record/local_parts.h"
#include "record/recorder_parts.h"

/* It records when it is told to, and what; the environment is for the preload library. */
static cc_result_t start(const cci_local_options_t *options)
{
    cci_recorder.told = true;
    return cci_local_start(options);
}

const cci_local_t cci_local_own = CCI_LOCAL_TABLE(false, start);

const cci_local_t *cci_local_find(void)
{
    const cci_local_t *preload = dlsym(RTLD_DEFAULT, CCI_LOCAL_SYMBOL);

    if (preload && strcmp(preload->version, CC_VERSION) == 0 && preload->bytes == sizeof *preload)
        return preload;
    return &cci_local_own;
}
