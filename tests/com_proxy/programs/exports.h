#pragma once
// Exports of the family that compiled proxies do not call.
void registration();
void set_up_by_hand();
