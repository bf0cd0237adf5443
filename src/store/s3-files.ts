// Objects in S3 that are not those of this service: datasets refer to them.
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { connect, explain, readRange, statusOf } from './s3-client.ts';

interface Place {
  readonly bucket: string;
  readonly key: string;
}

export class FilesInS3 {
  readonly #client = connect();

  /** An object as it is now; undefined if there is none, or no bucket. @throws Error that says what S3 answered. */
  async pin({ bucket, key }: Place): Promise<{ readonly version: string; readonly bytes: number } | 'denied' | undefined> {
    try {
      const { ETag = '', ContentLength = 0 } = await this.#client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return { version: ETag, bytes: ContentLength };
    } catch (error) {
      const status = statusOf(error);
      if (status === 404) return undefined;
      if (status === 403) return 'denied';
      throw explain(error, `look at s3://${bucket}/${key}`);
    }
  }

  /** Fills `into`. Returns false if the object is not of this version. @throws Error that says what S3 answered. */
  async readInto({ bucket, key }: Place, version: string, first: number, into: Uint8Array): Promise<boolean> {
    try {
      return await readRange(this.#client, { Bucket: bucket, Key: key, IfMatch: version }, first, into);
    } catch (error) {
      const status = statusOf(error);
      if (status === 404 || status === 412) return false;
      throw explain(error, `read s3://${bucket}/${key}`);
    }
  }
}
