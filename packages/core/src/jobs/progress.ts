/** How far a job or a call has come. */
export interface Progress {
  done: number;
  total?: number;
  message?: string;
}
