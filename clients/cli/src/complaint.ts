/** Something that the person at the terminal can mend: what, why, and what to do. */
export class Complaint extends Error {
  override readonly name = "Complaint";
  readonly exitCode: number;
  readonly remedy: string;

  constructor(exitCode: number, message: string, remedy = "", options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}
