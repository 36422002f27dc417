#pragma once
// Ways to a binding and attributes of parameters that widl does not know.
void attributes();
