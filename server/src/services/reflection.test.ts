import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { DaemonService } from "@daphnia/protocol/daemon_service";
import { ServerReflection } from "@daphnia/protocol/grpc/reflection/v1/reflection";
import { ServerReflection as Alpha } from "@daphnia/protocol/grpc/reflection/v1alpha/reflection";
import { addReflection } from "./reflection.ts";
import { untilAborted } from "./until-aborted.ts";

const transport = createRouterTransport((router) => addReflection(router, [DaemonService]));
type Question = Parameters<ReturnType<typeof client>["serverReflectionInfo"]>[0];
const client = () => createClient(ServerReflection, transport);

async function ask(messageRequest: unknown) {
  const questions = (async function* () {
    yield { host: "h", messageRequest };
  })() as Question;
  for await (const { messageResponse } of client().serverReflectionInfo(questions)) {
    const { value } = messageResponse;
    switch (messageResponse.case) {
      case "fileDescriptorResponse":
        return messageResponse.value.fileDescriptorProto.map(
          (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
        );
      case "errorResponse":
        return messageResponse.value.errorCode;
      default:
        return value;
    }
  }
  return assert.fail("no answer");
}

describe("reflection", () => {
  it("lists the services, itself too, in both versions", async () => {
    const names = [
      "daphnia.v1.DaemonService",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ];
    for (const version of [ServerReflection, Alpha] as const) {
      const asked = (async function* () {
        yield { messageRequest: { case: "listServices" as const, value: "" } };
      })();
      const answers = createClient(version as typeof Alpha, transport).serverReflectionInfo(asked);
      for await (const { messageResponse } of answers) {
        assert.ok(messageResponse.case === "listServicesResponse");
        assert.deepEqual(
          messageResponse.value.service.map((s) => s.name),
          names,
        );
      }
    }
  });

  it("gives a file, and all that it needs, by name, symbol, member and extension", async () => {
    const own = "daphnia/v1/daemon_service.proto";
    const value = own;
    const files = await ask({ case: "fileByFilename", value });
    assert.ok(Array.isArray(files));
    assert.equal(files[0], own);
    assert.ok(files.includes("google/protobuf/descriptor.proto"));
    const symbols = ["daphnia.v1.DaemonService", "daphnia.v1.DaemonService.GetInfo"];
    for (const symbol of [...symbols, "daphnia.v1.GetInfoResponse.pid"]) {
      const found = await ask({ case: "fileContainingSymbol", value: symbol });
      assert.deepEqual(found, files, symbol);
    }
    const containingType = "google.protobuf.MethodOptions";
    const extension = { containingType, extensionNumber: 50001 };
    const of = await ask({ case: "fileContainingExtension", value: extension });
    assert.ok(Array.isArray(of));
    assert.equal(of[0], "daphnia/v1/principal.proto");
    const numbers = await ask({ case: "allExtensionNumbersOfType", value: containingType });
    assert.deepEqual((numbers as { extensionNumber: number[] }).extensionNumber, [50001]);
  });

  it("says so when it does not know", async () => {
    for (const about of ["fileByFilename", "fileContainingSymbol", "allExtensionNumbersOfType"]) {
      assert.equal(await ask({ case: about, value: "x.Y" }), Code.NotFound, about);
    }
    const unknown = { containingType: "x.Y", extensionNumber: 1 };
    assert.equal(await ask({ case: "fileContainingExtension", value: unknown }), Code.NotFound);
    assert.equal(await ask({ case: undefined }), Code.InvalidArgument);
  });
});

describe("untilAborted", () => {
  it("throws the reason while its source is silent", async () => {
    const stop = new AbortController();
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const next = untilAborted(silent, stop.signal).next();
    stop.abort(new Error("stopping"));
    await assert.rejects(next, /stopping/);
  });
  it("passes the items on and ends with its source", async () => {
    const source = (async function* () {
      yield 1;
      yield 2;
    })();
    const seen: number[] = [];
    for await (const item of untilAborted(source, new AbortController().signal)) seen.push(item);
    assert.deepEqual(seen, [1, 2]);
  });
});
