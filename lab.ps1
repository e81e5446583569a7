# Windows: hands the command over to WSL, where ./lab runs.
if (-not (Get-Command wsl.exe -ErrorAction SilentlyContinue)) {
  Write-Error "lab: WSL is not installed; in an administrator PowerShell: wsl --install"
  exit 3
}
wsl.exe --cd "$PSScriptRoot" ./lab @args
exit $LASTEXITCODE
