/* methods.c - the ways there are. */
#include "backend/delivery/method.h"

const struct sp_method *
sp_method_of(enum sp_method_type type)
{
    switch (type) {
    case SP_TYPE_DIRECT:
        return &sp_method_direct;
    case SP_TYPE_RELAY:
        return &sp_method_relay;
    case SP_TYPE_SUBMISSION:
        return &sp_method_submission;
    case SP_TYPE_GRAPH:
        return &sp_method_graph;
    }
    return &sp_method_graph;
}
