import { createRegistry, type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { ServerReflection } from "@daphnia/protocol/grpc/reflection/v1/reflection";
import { ServerReflection as ServerReflectionAlpha } from "@daphnia/protocol/grpc/reflection/v1alpha/reflection";
import { untilAborted } from "./until-aborted.ts";

/**
 * Mounts server reflection, v1 and v1alpha, so that generic clients can list
 * and call the given services without their proto files. Reflection describes
 * itself too. Stored descriptors carry no comments.
 */
export function addReflection(router: ConnectRouter, services: readonly DescService[]): void {
  const described = [...services, ServerReflection, ServerReflectionAlpha];
  let answers: ReturnType<typeof createAnswers> | undefined;
  // Made at the first question: few daemons are asked one, and each would start 2 ms later.
  const answer: ReturnType<typeof createAnswers> = (question) => {
    answers ??= createAnswers(described);
    return answers(question);
  };
  router.service(ServerReflection, {
    async *serverReflectionInfo(requests, { signal }) {
      for await (const originalRequest of untilAborted(requests, signal)) {
        const { host, messageRequest } = originalRequest;
        yield { validHost: host, originalRequest, messageResponse: answer(messageRequest) };
      }
    },
  });
  router.service(ServerReflectionAlpha, {
    async *serverReflectionInfo(requests, { signal }) {
      for await (const originalRequest of untilAborted(requests, signal)) {
        const { host, messageRequest } = originalRequest;
        yield { validHost: host, originalRequest, messageResponse: answer(messageRequest) };
      }
    },
  });
}

/** What both versions ask, seen without the names of their messages. */
type Question =
  | {
      readonly case:
        | "fileByFilename"
        | "fileContainingSymbol"
        | "allExtensionNumbersOfType"
        | "listServices";
      readonly value: string;
    }
  | {
      readonly case: "fileContainingExtension";
      readonly value: { readonly containingType: string; readonly extensionNumber: number };
    }
  | { readonly case: undefined };

function createAnswers(services: readonly DescService[]) {
  const files = new Map<string, DescFile>();
  const collect = (file: DescFile) => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, file);
    file.dependencies.forEach(collect);
  };
  for (const service of services) collect(service.file);
  const registry = createRegistry(...files.values());

  /** A member, such as a method or field, is found through what it belongs to. */
  const fileOf = (symbol: string): DescFile | undefined =>
    registry.get(symbol)?.file ?? registry.get(symbol.slice(0, symbol.lastIndexOf(".")))?.file;

  const extensionsOf = (typeName: string) =>
    [...registry]
      .filter((found) => found.kind === "extension")
      .filter((extension) => extension.extendee.typeName === typeName);

  return (question: Question) => {
    switch (question.case) {
      case "listServices": {
        const service = services.map(({ typeName }) => ({ name: typeName }));
        return { case: "listServicesResponse" as const, value: { service } };
      }
      case "fileByFilename":
        return describeFile(files.get(question.value), question.value);
      case "fileContainingSymbol":
        return describeFile(fileOf(question.value), question.value);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = question.value;
        const found = extensionsOf(containingType).find((d) => d.number === extensionNumber);
        return describeFile(found?.file, `extension ${extensionNumber} of ${containingType}`);
      }
      case "allExtensionNumbersOfType": {
        const extensionNumber = extensionsOf(question.value).map((d) => d.number);
        const value = { baseTypeName: question.value, extensionNumber };
        if (registry.getMessage(question.value) === undefined) return unknown(question.value);
        return { case: "allExtensionNumbersResponse" as const, value };
      }
      case undefined:
        return failed(Code.InvalidArgument, "the request asks nothing");
    }
  };
}

function describeFile(file: DescFile | undefined, asked: string) {
  if (file === undefined) return unknown(asked);
  const fileDescriptorProto = [...closureOf(file)].map((f) =>
    toBinary(FileDescriptorProtoSchema, f.proto),
  );
  return { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto } };
}

/** The file and all it needs, itself first. */
function closureOf(file: DescFile, seen = new Set<DescFile>()): Set<DescFile> {
  if (!seen.has(file)) {
    seen.add(file);
    for (const needed of file.dependencies) closureOf(needed, seen);
  }
  return seen;
}

function unknown(asked: string) {
  return failed(Code.NotFound, `${asked} does not exist`);
}

/** Connect's codes are those of gRPC, by number too. */
function failed(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse" as const, value: { errorCode, errorMessage } };
}
