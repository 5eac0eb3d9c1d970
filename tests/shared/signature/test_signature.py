"""Signatures: vectors of the RFC, forged fields, every kind of key, and files."""

import hashlib

import pytest

from shared.signature.algorithms import KeyUnusable, is_signed_by, signer
from shared.signature.fields import FieldMalformed, dictionary
from shared.signature.file import (
    FileSignatureWrong,
    FileSigning,
    SignatureForm,
    sign_file,
    verify_file,
)
from shared.signature.message import Message, digest_field, signature_base, signatures_of
from shared.signature.verification import BodyCheck, DigestDiffers
from tests.signers import new_keys, public

# RFC 9421, appendix B.1.4 and B.2.6; the request of B.2.
KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU",
    "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
}
BODY = b'{"hello": "world"}'
REQUEST = Message(
    "POST",
    "https://example.com/foo?param=Value&Pet=dog",
    {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type": "application/json",
        "content-length": "18",
        "signature-input": 'sig-b26=("date" "@method" "@path" "@authority" "content-type" '
        '"content-length");created=1618884473;keyid="test-key-ed25519"',
        "signature": "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0"
        "w6vuQv5lIp5WPpBKRCw==:",
    },
)


def test_the_vector_of_the_rfc_is_verified_and_made() -> None:
    (signature,) = signatures_of(REQUEST.fields)
    base = signature_base(REQUEST, signature.input)
    assert base.startswith(
        b'"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n'
    )
    assert is_signed_by(public(KEY), "ed25519", signature.value, base)
    assert signer(KEY)(base) == signature.value
    assert not is_signed_by(public(KEY), "ed25519", signature.value, base + b" ")


def test_the_digest_is_that_of_rfc_9530() -> None:
    # RFC 9530, appendix B.1.
    assert digest_field(BODY + b"\n") == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    check = BodyCheck({"sha256": hashlib.sha256(BODY).digest()})
    for octet in BODY:
        check.add(bytes([octet]))
    check.finish()
    check.add(b" ")
    with pytest.raises(DigestDiffers):
        check.finish()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sig",
        "sig=",
        "sig=(",
        'sig=("a""b")',
        'sig=("a" "a',
        "sig=();created=1;created=2",
        "sig=(),sig=()",
        "sig=:???:",
        "sig=:A:",
        "SIG=1",
        "sig=1,",
        "sig=1 2",
        'sig="\x7f"',
        "sig=" + "1" * 5000,
        ",".join(f"s{n}=1" for n in range(40)),
    ],
)
def test_what_is_no_dictionary_is_refused(text: str) -> None:
    if text == "sig":
        assert dictionary(text)["sig"].value is True  # type: ignore[union-attr]
        return
    with pytest.raises(FieldMalformed):
        dictionary(text)


@pytest.mark.parametrize(
    "input_",
    [
        'sig=("@method" "@method");keyid="a"',  # twice
        'sig=("@method";req);keyid="a"',  # of another message
        "sig=:AAAA:",
        'other=("@method");keyid="a"',  # without a signature
    ],
)
def test_inputs_that_could_be_read_two_ways_are_refused(input_: str) -> None:
    with pytest.raises(FieldMalformed):
        signatures_of({"signature-input": input_, "signature": "sig=:AAAA:"})


def test_a_component_cannot_smuggle_a_line() -> None:
    (signature,) = signatures_of(REQUEST.fields)
    forged = Message("POST", REQUEST.target_uri, {**REQUEST.fields, "date": 'x\n"@method": GET'})
    with pytest.raises(FieldMalformed):
        signature_base(forged, signature.input)


@pytest.mark.parametrize("key_id", ["ed", "ec", "rsa", "sm2"])
@pytest.mark.parametrize("form", [SignatureForm.RAW, SignatureForm.JWS])
def test_files_are_signed_as_the_profile_says(key_id: str, form: SignatureForm) -> None:
    keys = new_keys()
    algorithm = "rsa-v1_5-sha256" if key_id == "rsa" else None
    signing = FileSigning(form, algorithm)
    content = "批次,笔数\r\n2021-07,2\r\n".encode("gbk")
    made = sign_file(content, signing, key_id=key_id, private=keys[key_id])
    assert made is not None
    known = [public(keys[key_id])]
    verify_file(content, made, signing, keys=lambda _: known)
    wrong: list[tuple[bytes, bytes | None]] = [
        (content + b" ", made),
        (content, None),
        (content, b"?"),
        (content, made[:-9] + b"AAAAAAAA="),
    ]
    for changed, signature in wrong:
        with pytest.raises(FileSignatureWrong):
            verify_file(changed, signature, signing, keys=lambda _: known)
    other = [public(new_keys()[key_id])]
    with pytest.raises(FileSignatureWrong):
        verify_file(content, made, signing, keys=lambda _: other)


def test_a_profile_without_signatures_and_a_key_that_does_not_fit() -> None:
    keys = new_keys()
    assert sign_file(b"x", FileSigning(), key_id="ed", private=keys["ed"]) is None
    verify_file(b"x", None, FileSigning(), keys=lambda _: [])
    wanted = FileSigning(SignatureForm.RAW, "sm2-sm3")
    with pytest.raises(KeyUnusable):
        sign_file(b"x", wanted, key_id="ed", private=keys["ed"])
