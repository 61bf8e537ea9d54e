"""Bind each tenant's token to its account and address, and encrypt second factors.

Rows: one of each tenant, two of each person with an authenticator app; each in a
transaction of its own. What is under a key that is missing stays as it is, opens as
before once the key is there, and is bound by `rotate_keys`. Safe to run twice.
Deploy: with web and worker stopped; the release before cannot open what it wrote.
Back: restore the backup.
"""

from django.db import migrations

from console.databases.encryption import CredentialTampered, VaultLocked, decrypt, encrypt


def bind_tokens(apps, schema_editor):
    for tenant in apps.get_model("tenants", "Tenant").objects.all():
        context = (
            "tenants.tenant",
            str(tenant.pk),
            "encrypted_token",
            tenant.account_sid,
            tenant.address,
        )
        first = f"tenants.tenant:{tenant.pk}:token"
        try:
            token = decrypt(
                tenant.encrypted_token, context=context, first_context=first
            )
        except (VaultLocked, CredentialTampered):
            continue
        tenant.encrypted_token = encrypt(token, context=context)
        tenant.save(update_fields=["encrypted_token"])


def encrypt_secrets(apps, schema_editor):
    for factor in apps.get_model("mfa", "Authenticator").objects.all():
        for field in ("secret", "seed"):
            secret = factor.data.get(field, ":")
            # What is encrypted has colons; base32 and hexadecimal digits have none.
            if ":" not in secret:
                context = ("mfa.authenticator", str(factor.user_id), "data")
                factor.data[field] = encrypt(secret, context=context)
                factor.save(update_fields=["data"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("tenants", "0003_encrypted_token"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        migrations.RunPython(bind_tokens, migrations.RunPython.noop),
        migrations.RunPython(encrypt_secrets, migrations.RunPython.noop),
    ]
