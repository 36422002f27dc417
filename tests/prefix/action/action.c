/* A custom action: msiexec hands it, over RPC, to a process of the DLL's own arch. It leaves a file behind that says what it saw of
 * the installation, which it has to ask of the process that installs. */
#include <stdio.h>
#include <windows.h>
#include <msi.h>
#include <msiquery.h>

__declspec(dllexport) UINT __stdcall Leave(MSIHANDLE install) {
    char name[64] = "", line[128], path[MAX_PATH];
    DWORD size = sizeof name, written = 0;
    UINT status = MsiGetPropertyA(install, "ProductName", name, &size);
    if (status != ERROR_SUCCESS) return status;
    snprintf(line, sizeof line, "%s, %u bits", name, (unsigned)(8 * sizeof(void*)));
    snprintf(path, sizeof path, "C:\\action%u.txt", (unsigned)(8 * sizeof(void*)));
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return ERROR_INSTALL_FAILURE;
    BOOL ok = WriteFile(file, line, (DWORD)strlen(line), &written, NULL);
    CloseHandle(file);
    return ok ? ERROR_SUCCESS : ERROR_INSTALL_FAILURE;
}
