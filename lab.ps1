# Windows: hands the command over to WSL, where ./lab runs. Example: .\lab.ps1 ingest C:\Users\ada\oct.csv
if (-not (Get-Command wsl.exe -ErrorAction SilentlyContinue)) {
  [Console]::Error.WriteLine('lab: WSL is not installed; in an administrator PowerShell type: wsl --install -d Ubuntu-24.04')
  exit 3
}
# A checkout inside WSL is seen from Windows as \\wsl.localhost\DISTRIBUTION\home\...
if ($PSScriptRoot -match '^\\\\wsl(?:\.localhost|\$)\\([^\\]+)(\\.*)$') {
  $place = @('-d', $Matches[1], '--cd', $Matches[2].Replace('\', '/'))
} else {
  $place = @('--cd', $PSScriptRoot)
}
# Linux knows C:\... as /mnt/c/... ; no shell (--exec), which would eat the backslashes.
$arguments = @(foreach ($argument in $args) {
  if ("$argument" -match '^[A-Za-z]:\\') { wsl.exe --exec wslpath -a "$argument" } else { "$argument" }
})
wsl.exe @place --exec ./lab @arguments
exit $LASTEXITCODE
