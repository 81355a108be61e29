/** Tells on stderr what takes longer than a second; silent before, so that quick runs stay quiet. */
export class Progress {
  private readonly started = Date.now();
  private what = "";
  private count: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private wroteLine = false;
  private lastShown = "";

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  /** Starts a stage, such as `evaluating`. */
  stage(what: string): void {
    this.what = what;
    this.count = undefined;
    this.timer ??= setInterval(() => this.show(), 1_000).unref();
    // A stage that never yields to the timer is told when it begins, once the second has passed.
    if (Date.now() - this.started > 1_000) this.show();
  }

  /** Number of things that the stage has done. */
  readonly tick = (count: number): void => {
    this.count = count;
    if (count % 500 === 0 && Date.now() - this.started > 1_000) this.show();
  };

  /** Ends it, and clears the line on a terminal. */
  end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    if (this.wroteLine && this.stream.isTTY) this.stream.write("\r\u001b[2K");
    this.wroteLine = false;
  }

  private show(): void {
    const count = this.count === undefined ? "" : `: ${this.count.toLocaleString("en")}`;
    const shown = `${this.what}${count}`;
    if (shown === this.lastShown) return;
    this.lastShown = shown;
    const seconds = ((Date.now() - this.started) / 1_000).toFixed(1);
    this.stream.write(this.stream.isTTY ? `\r\u001b[2K${shown} (${seconds} s)` : `${shown} (${seconds} s)\n`);
    this.wroteLine = true;
  }
}
