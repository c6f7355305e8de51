/** A home cannot be used: what is wrong, and the command or change that mends it. */
export class HomeError extends Error {
  override readonly name = "HomeError";
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
