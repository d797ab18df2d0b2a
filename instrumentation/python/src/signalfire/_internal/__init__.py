"""What every package stands on and nobody outside of them imports. Nothing here imports anything else of ours."""
