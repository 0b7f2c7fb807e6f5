/** To the minute, in UTC. @param time wall clock, milliseconds. */
export function formatTime(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}
