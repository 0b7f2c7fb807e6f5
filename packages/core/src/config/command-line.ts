/** There is no `sophia` on anybody's PATH: npm finds it in this repository's folder, compose in its containers. */
export const defaultCommandPrefix = "npm run sophia --";

let prefix = defaultCommandPrefix;

/** Said once by each process, with SOPHIA_COMMAND. */
export function setCommandPrefix(text: string): void {
  prefix = text;
}

/** Cursor is on the person's own machine, so `connect` runs there, also when the servers run in containers. */
export function formatConnectCommand(): string {
  const command = `${defaultCommandPrefix} connect cursor`;
  return prefix === defaultCommandPrefix ? command : `SOPHIA_TOKEN=… ${command}`;
}

/** A command of Sophia as the reader of a message can copy it and run it. */
export function formatCommand(command: string): string {
  return `${prefix} ${command}`;
}
