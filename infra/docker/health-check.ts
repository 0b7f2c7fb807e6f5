// Run by the Engine in a server's container: exits 0 when the server on the given port is ready for traffic.
const port = process.argv[2] ?? "";
const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4_000) });
const body = await response.text();
process.stdout.write(body);
process.exitCode = response.ok ? 0 : 1;
