#pragma once
#include "proxy_tables.h"

// Interfaces as MIDL describes them and widl does not: floating arguments interpreted, tables in constant memory, very
// many methods; and broken tables.
extern "C" const ProxyFileInfo hand_ProxyFileInfo;
extern "C" CStdPSFactoryBuffer gPFactory;
void hand_made();
void many_methods();
void broken_tables();
