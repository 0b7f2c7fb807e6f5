/** One HTTP exchange as it was on the wire. Header names are in lower case. */
export interface Exchange {
  method: string;
  /** With the query. */
  path: string;
  requestHeaders: Readonly<Record<string, string>>;
  requestBody: string;
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}
