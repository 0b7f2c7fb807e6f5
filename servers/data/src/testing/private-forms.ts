/** Ways to write an address of this machine, so that a guard which reads only some of them leaks. */
export function privateForms(port: number): string[] {
  const hosts = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0.0.0.0",
    "localhost",
    "１２７.０.０.１",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "inner.example",
  ];
  return hosts.map((host) => `http://${host}:${port}/secret`);
}
