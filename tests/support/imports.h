#pragma once
// What a loaded DLL imports, replaced; and what rpcrt4.dll holds of the heaps, seen that way. The heaps' own words do not say it: what
// Wine's keep for the next blocks of a size they count as in use.
#include <windows.h>

// Where `module`'s import table has the function `name`, from whatever DLL; NULL when it is not imported.
void** import_slot(HMODULE module, const char* name);
// Any thread may be calling through the slot meanwhile. False when the system refuses.
bool write_slot(void** slot, void* function);

// From now on the heap blocks that rpcrt4.dll takes and gives back are counted. False when it is not loaded, or takes none by
// HeapAlloc. live_blocks(): how many more it holds than then.
bool count_blocks();
long live_blocks();
