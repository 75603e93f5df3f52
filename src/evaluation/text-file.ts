import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { writing } from '../checkpoint/writing.ts';

const BUFFERED = 2 ** 20;

/** Text that is written beside its place, bit by bit, and put there when it is whole. Every step throws OUTPUT_WRITE. */
export class TextFile {
  private text = '';
  private handle: FileHandle | undefined;
  private begun = false;

  constructor(private readonly file: string) {}

  async write(text: string): Promise<void> {
    this.text += text;
    if (this.text.length >= BUFFERED) await this.flush();
  }

  /** All of it is on the disk, and may be put in place. */
  async close(): Promise<void> {
    await this.flush();
    await writing(this.file, () => this.handle!.sync());
    await this.handle!.close();
    this.handle = undefined;
  }

  async place(): Promise<void> {
    await writing(this.file, () => rename(this.part, this.file));
  }

  /** Removes what is not in place. */
  async abandon(): Promise<void> {
    await this.handle?.close();
    if (this.begun) await rm(this.part, { force: true });
  }

  private get part(): string {
    return `${this.file}.part`;
  }

  private async flush(): Promise<void> {
    await writing(this.file, async () => {
      this.handle ??= await open(this.part, 'w');
      this.begun = true;
      await this.handle.writeFile(this.text);
    });
    this.text = '';
  }
}
