/** A person or organisation as some source wrote it. Every field is free text; absent and empty mean the same. */
export interface LeadRecord {
  id: string;
  /** Full name of a person; `givenName` and `surname` come before it. */
  name?: string;
  givenName?: string;
  surname?: string;
  organisation?: string;
  email?: string;
  phone?: string;
  /** Any usual spelling of a date; 8 digits are read as YYYYMMDD. */
  birthDate?: string;
  /** House number and street, or the street alone. */
  street?: string;
  /** Building, flat, second line. */
  addressLine?: string;
  houseNumber?: string;
  city?: string;
  postcode?: string;
  region?: string;
  website?: string;
  /** Number of a register: tax, customer, social insurance. */
  identifier?: string;
}

export type LeadText = Exclude<keyof LeadRecord, "id">;

/** A record ready to be compared: one spelling for each field, `""` where there is none. */
export interface NormalLead {
  id: string;
  givenName: string;
  surname: string;
  organisation: string;
  email: string;
  phone: string;
  /** YYYYMMDD. */
  birthDate: string;
  houseNumber: string;
  street: string;
  addressLine: string;
  city: string;
  postcode: string;
  region: string;
  /** Host without `www.`. */
  website: string;
  identifier: string;
}

export type LeadField = Exclude<keyof NormalLead, "id">;
